"""The mixed operations on the edges of a cell (Auto-DeepLab, section 4.1, eq. 1-3)."""

import collections
import functools

import keras
import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_operations, trellis
from deeplab_nas.core.kernels import phases, resize
from deeplab_nas.core.operations import Kind, discrete, find
from deeplab_nas.supernet.operations import OPERATION_SETS, take_edges


class MixedOps(keras.layers.Layer):
    """The edges of all cells of a trellis node; a call applies those that leave one stage.

    Each edge is the sum of the candidate operations, weighted by the softmax of its row of alpha.
    Equal to one operation at a time, but wide:

    - The ReLU is shared, and the convolutions of all edges are one grouped convolution.
    - Pools and skip have no weights, so they are computed once and then mixed for all consumers by
      one product with a small matrix, that of the gates.
    - Every operation but skip ends in a parameter-free batch normalisation, and its gate is the
      scale of that normalisation; pools are normalised too, as in DARTS. `zero` adds nothing.
    """

    def __init__(self, num_cells, level, config, **kwargs):
        """Creates the layer.

        Args:
            num_cells: Cells that run side by side.
            level: Of the node, 0 to 3.
            config: `SupernetConfig`.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(autocast=False, **kwargs)
        self.num_cells = num_cells
        self.filters = config.filters(level)
        entries = [find(name) for name in discrete(config.operations)]
        self.parameter_free = {entry.name: entry for entry in entries if not entry.has_weights}
        self.stages = trellis.stages(config.num_blocks)
        self.consumers = trellis.consumers_by_state(config.num_blocks)[1:]
        groups_by_stage = [
            num_cells * len(states) * consumers
            for states, consumers in zip(self.stages, self.consumers, strict=True)
        ]
        self.operations = {
            entry.name: OPERATION_SETS[config.operation_set][entry.kind](
                *(groups_by_stage, self.filters, entry.kernels, entry.rate),
                name=entry.name,
                dtype=self.dtype_policy.name,
            )
            for entry in entries
            if entry.has_weights
        }

    def normalized_blocks(self, kept):
        """The normalisations of the calls for all stages, in their order.

        Args:
            kept: `KeptOperations`.

        Returns:
            For each how many blocks of `num_cells * filters` channels it has with all operations,
            and the numbers of those that are left.
        """
        blocks = []
        for stage, states in enumerate(self.stages):
            for name, operation in self.operations.items():
                one = (kept.num_edges(stage), kept.places(stage, name))
                blocks += [one] * len(operation.kernel_sizes)
            for name, entry in self.parameter_free.items():
                if entry.kind in _NORMALIZED:
                    left = range(len(states)) if kept.places(stage, name) else ()
                    blocks.append((len(states), tuple(left)))
        return blocks

    def build(self):
        for operation in self.operations.values():
            operation.build()
        self.built = True

    def kernels_by_stage(self, kernels):
        """Cuts the values of `self.trainable_variables` into those of each stage and operation.

        Returns:
            For each stage, the kernels of each operation by name.
        """
        rest = iter(kernels)
        kernels = {
            name: operation.kernels_by_stage([next(rest) for _ in operation.weights])
            for name, operation in self.operations.items()
        }
        return [
            {name: by_stage[stage] for name, by_stage in kernels.items()}
            for stage in range(len(self.stages))
        ]

    def call(self, inputs, stage, kernels, scales, mix, statistics, kept):
        """Applies the mixed operations that leave the states of one stage.

        Args:
            inputs: The states side by side, `[batch, height, width, states * cells * filters]`.
            stage: Its index in `trellis.stages`.
            kernels: The stage's entry of `kernels_by_stage`.
            scales: The stage's entry of `OperationGates.scales` for `operations`.
            mix: The stage's entry of `OperationGates.mixes` for `parameter_free`.
            statistics: `normalization.StatisticsPass`.
            kept: `KeptOperations`.

        Returns:
            What each consumer receives, `[batch, height, width, cells * filters]` each: for each
            consumer a list of tensors that are to be summed.
        """
        size = resize.image_size(inputs)
        states, consumers = len(self.stages[stage]), self.consumers[stage]
        rectified = tf.nn.relu(inputs)

        @functools.cache
        def split_inputs(rate):
            return phases.split(rectified, rate)

        @functools.cache
        def wide_inputs(rate, places):
            return _repeat(split_inputs(rate), states, [place // consumers for place in places])

        # Operations on the same edges are summed at once.
        wide = collections.defaultdict(list)
        for (name, operation), scale in zip(
            self.operations.items(), tf.unstack(scales), strict=True
        ):
            places = kept.places(stage, name)
            if places:
                outputs = operation(
                    wide_inputs(operation.rate, places),
                    size=size,
                    kernels=operation.of_edges(kernels[name], states * consumers, places),
                    scale=take_edges(scale, states * consumers, places, axis=0),
                    statistics=statistics,
                )
                wide[places].append(outputs)
        received = [[] for _ in range(consumers)]
        for places, outputs in wide.items():
            edges = tf.split(tf.add_n(outputs), len(places), -1)
            for place, edge in zip(places, edges, strict=True):
                received[place % consumers].append(edge)
        left = [bool(kept.places(stage, name)) for name in self.parameter_free]
        if any(left):
            mixed = self._parameter_free(inputs, states, mix, statistics, left)
            received = [[*parts, own] for parts, own in zip(received, mixed, strict=True)]
        return received

    def _parameter_free(self, inputs, states, mix, statistics, left):
        """Those pools and skip of all states that are `left`, summed for each consumer."""
        outputs = [
            _PARAMETER_FREE[entry.kind](entry, inputs, statistics)
            for entry, is_left in zip(self.parameter_free.values(), left, strict=True)
            if is_left
        ]
        if not all(left):
            mix = tf.gather(mix, np.flatnonzero(np.repeat(left, states)), axis=1)
        if states > 1:
            outputs = [part for output in outputs for part in tf.split(output, states, -1)]
        flat = tf.reshape(tf.stack(outputs), [len(outputs), -1])
        mixed = tf.linalg.matmul(tf.cast(mix, inputs.dtype), flat)
        shape = outputs[0].shape if outputs[0].shape.is_fully_defined() else tf.shape(outputs[0])
        return tf.unstack(tf.reshape(mixed, tf.concat([mix.shape[:1], shape], 0)))


def _repeat(inputs, states, sources):
    """Puts the channels of a state side by side for each of `sources`, numbers of states."""

    @tf.custom_gradient
    def repeat(values):
        def gradient(upstream):
            # What TensorFlow derives is a slice for each part.
            parts = tf.split(upstream, len(sources), -1)
            sums = []
            for state in range(states):
                own = [part for part, of in zip(parts, sources, strict=True) if of == state]
                sums.append(tf.add_n(own) if own else tf.zeros_like(parts[0]))
            return tf.concat(sums, -1)

        parts = tf.split(values, states, -1)
        return tf.concat([parts[state] for state in sources], -1), gradient

    return repeat(inputs)


def _pool(entry, inputs, statistics):
    return statistics.normalize(nas_operations.pool(entry, inputs))


def _skip(entry, inputs, statistics):
    return inputs


# What computes the operations of each kind that has no weights, and whether it normalises.
_PARAMETER_FREE = {Kind.AVERAGE_POOL: _pool, Kind.MAXIMUM_POOL: _pool, Kind.SKIP: _skip}
_NORMALIZED = {kind for kind, compute in _PARAMETER_FREE.items() if compute is _pool}
