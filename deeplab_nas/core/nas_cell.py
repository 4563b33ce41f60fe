"""The discrete cell (official `nas_cell.py`; Auto-DeepLab, section 3.1)."""

import keras
import tensorflow as tf

from deeplab_nas.core import backbone_plan, nas_operations, trellis
from deeplab_nas.core.kernels import resize
from deeplab_nas.core.layers import batch_norm
from deeplab_nas.core.operations import Kind


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Block(keras.layers.Layer):
    """Two operations on two earlier states, added."""

    def __init__(self, pairs, filters, stride, batch_norm_options=None, **kwargs):
        """Creates the block.

        Args:
            pairs: Two `(state, operation)` pairs.
            filters: Channels of every state.
            stride: 1 or 2. Only the inputs of the cell, states 0 and 1, are at the resolution
                before the stride, so that only operations on them take it.
            batch_norm_options: Keyword arguments of `batch_norm.BatchNorm`.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.pairs = [tuple(pair) for pair in pairs]
        self.filters = filters
        self.stride = stride
        self.batch_norm_options = batch_norm_options or {}
        self.operations = [
            nas_operations.make(
                operation,
                filters,
                stride if state < 2 else 1,
                self.batch_norm_options,
                name=side,
                dtype=self.dtype_policy.name,
            )
            for (state, operation), side in zip(self.pairs, ("left", "right"), strict=True)
        ]

    def build(self, inputs_shape):
        for operation in self.operations:
            operation.build(inputs_shape)
        self.built = True

    def call(self, states, path_factors=None, training=False):
        """Adds the two branches.

        Args:
            states: The states so far, `[batch, *, *, filters]` each.
            path_factors: `[2, batch, 1, 1, 1]` of `drop_path.DropPath`, or None.
            training: Whether to normalise by the batch's statistics.

        Returns:
            The next state.
        """
        branches = []
        for i, ((state, _), operation) in enumerate(zip(self.pairs, self.operations, strict=True)):
            branch = operation(states[state], training=training)
            if path_factors is not None and operation.entry.kind is not Kind.SKIP:
                branch *= tf.cast(path_factors[i], branch.dtype)
            branches.append(branch)
        total = tf.add(*branches)
        # TensorFlow's graph optimiser gives up, on the whole graph, where a sum of convolutions and
        # biases is rectified in one place and not in another; behind a check it does not see it.
        return tf.ensure_shape(total, total.shape)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class NasCell(keras.layers.Layer):
    """B blocks on H^{l-1} and H^{l-2}, concatenated in order."""

    def __init__(self, cell, filters, direction, batch_norm_options=None, **kwargs):
        """Creates the cell.

        Args:
            cell: `nas_genotypes.Architecture.cell`.
            filters: Channels of a block.
            direction: Step from H^{l-1}: `trellis.UP`, `SAME` or `DOWN`.
            batch_norm_options: Keyword arguments of `batch_norm.BatchNorm`.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.cell = [[tuple(pair) for pair in block] for block in cell]
        self.filters = filters
        self.direction = direction
        self.batch_norm_options = batch_norm_options or {}
        self.inputs_used = sorted(backbone_plan.inputs_used(self.cell))
        self.net_projection = self.prev_projection = None
        stride = 2 if direction == trellis.DOWN else 1
        self.blocks = [
            Block(
                pairs,
                filters,
                stride,
                self.batch_norm_options,
                name=f"comb_iter_{i}",
                dtype=self.dtype_policy.name,
            )
            for i, pairs in enumerate(self.cell)
        ]

    @property
    def channels(self):
        """Channels of the output, all blocks."""
        return len(self.cell) * self.filters

    def build(self, net_shape, prev_shape):
        if 0 in self.inputs_used:
            self.net_projection = self._build_projection("1x1", "beginning_bn", net_shape)
        if 1 in self.inputs_used and prev_shape[-1] != self.filters:
            self.prev_projection = self._build_projection("prev_1x1", "prev_bn", prev_shape)
        for block in self.blocks:
            block.build((None, None, None, self.filters))
        self.built = True

    def _build_projection(self, conv_name, norm_name, inputs_shape):
        shared = {"dtype": self.dtype_policy.name}
        conv = nas_operations.Convolution(self.filters, (1, 1), name=conv_name, **shared)
        norm = batch_norm.BatchNorm(name=norm_name, **shared, **self.batch_norm_options)
        conv.build(inputs_shape)
        norm.build((None, None, None, self.filters))
        return [conv, norm]

    def call(self, net, prev, size, path_factors=None, training=False):
        """Runs the cell.

        Args:
            net: H^{l-1}, `[batch, *, *, channels]`, before any ReLU; None if no block takes it.
            prev: H^{l-2}, `[batch, *, *, channels]`, at whatever size it was left; None if no
                block takes it.
            size: `(height, width)` of both inputs of the blocks: that of `net`, upsampled if the
                cell goes up, and before the stride if it goes down.
            path_factors: `[2 * blocks, batch, 1, 1, 1]` of `drop_path.DropPath`, or None.
            training: Whether to normalise by the batch's statistics.

        Returns:
            H^l, `[batch, *, *, blocks * filters]`, before any ReLU.
        """
        states = list(self._begin(net, prev, size, training))
        for i, block in enumerate(self.blocks):
            factors = None if path_factors is None else path_factors[2 * i : 2 * i + 2]
            states.append(block(states, path_factors=factors, training=training))
        return tf.concat(states[2:], -1)

    def _begin(self, net, prev, size, training):
        """Brings the inputs to one size and width; the order is the official `_cell_base`'s."""
        if 0 in self.inputs_used:
            if self.direction == trellis.UP:
                net = resize.resize_by_kernel(net, size)
            net = self._project(self.net_projection, net, training)
        if 1 in self.inputs_used:
            prev = resize.resize_by_kernel(prev, size)
            if self.prev_projection:
                prev = self._project(self.prev_projection, prev, training)
        return net, prev

    def _project(self, projection, inputs, training):
        conv, norm = projection
        return batch_norm.convolve_and_normalize(conv, norm, tf.nn.relu(inputs), training)
