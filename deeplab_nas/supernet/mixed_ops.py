"""The mixed operations on the edges of a cell (Auto-DeepLab, section 4.1, eq. 1-3)."""

import keras
import tensorflow as tf

from deeplab_nas.core import convolution, trellis
from deeplab_nas.supernet import operations

_PARAMETER_FREE = ("avg_pool_3x3", "max_pool_3x3", "skip")
_NUM_POOLS = 2


@keras.saving.register_keras_serializable(package="deeplab_nas")
class MixedOps(keras.layers.Layer):
    """The edges of all cells of a trellis node; a call applies those that leave one state.

    Each edge is the sum of the candidate operations, weighted by the softmax of its row of alpha.
    Equal to one operation at a time, but wide:

    - The ReLU is shared, and the convolutions of all edges are one grouped convolution.
    - Pools and skip have no weights, so they are computed once and then mixed for each consumer by
      a 1x1 convolution whose kernel is made of the gates alone.
    - Every operation but skip ends in a parameter-free batch normalisation, and its gate is the
      scale of that normalisation; pools are normalised too, as in DARTS. `zero` adds nothing.
    """

    def __init__(self, num_blocks, num_cells, filters, operation_set, **kwargs):
        """Creates the layer.

        Args:
            num_blocks: B.
            num_cells: Cells that run side by side.
            filters: Channels of a block of one cell.
            operation_set: Key of `operations.OPERATION_SETS`.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.num_blocks = num_blocks
        self.num_cells = num_cells
        self.filters = filters
        self.operation_set = operation_set
        groups_by_state = [num_cells * consumers for consumers in self.consumers_by_state]
        self.operations = {
            name: make(groups_by_state, filters, name=name)
            for name, make in operations.OPERATION_SETS[operation_set].items()
        }

    @property
    def consumers_by_state(self):
        """Blocks that read each state: all read the two inputs, the later ones each block."""
        return trellis.consumers_by_state(self.num_blocks)

    @property
    def normalized_channels(self):
        """Channels that the calls for all states normalise together."""
        wide = sum(operation.num_normalizations for operation in self.operations.values())
        per_state = [consumers * wide + _NUM_POOLS for consumers in self.consumers_by_state]
        return sum(per_state) * self.num_cells * self.filters

    def build(self):
        for operation in self.operations.values():
            operation.build()
        self.built = True

    def kernels_by_state(self):
        """Returns, for each state, the kernels of each operation by name."""
        kernels = {name: op.kernels_by_state() for name, op in self.operations.items()}
        return [
            {name: by_state[state] for name, by_state in kernels.items()}
            for state in range(len(self.consumers_by_state))
        ]

    def call(self, inputs, state, kernels, gates, statistics):
        """Applies the mixed operations that leave one state.

        Args:
            inputs: The state, `[batch, height, width, cells * filters]`.
            state: Its index: 0 is H^{l-1}, 1 is H^{l-2}, 2 + i is block i.
            kernels: The state's entry of `kernels_by_state`.
            gates: `relaxation.OperationGates`.
            statistics: `normalization.StatisticsPass`.

        Returns:
            What each consumer receives, `[batch, height, width, cells * filters]` each.
        """
        width = inputs.shape[-1]
        consumers = self.consumers_by_state[state]
        wide = tf.tile(tf.nn.relu(inputs), [1, 1, 1, consumers])
        mixed = [
            operation(
                wide,
                kernels=kernels[name],
                scale=gates.scale(state, name, width),
                statistics=statistics,
            )
            for name, operation in self.operations.items()
        ]
        mixed.append(self._parameter_free(inputs, state, gates, statistics))
        return tf.split(tf.add_n(mixed), consumers, -1)

    def _parameter_free(self, inputs, state, gates, statistics):
        average = statistics.normalize(tf.nn.avg_pool2d(inputs, 3, 1, "SAME"))
        maximum = statistics.normalize(tf.nn.max_pool2d(inputs, 3, 1, "SAME"))
        kernel = gates.spread(state, _PARAMETER_FREE, inputs.shape[-1])
        outputs = tf.concat([average, maximum, inputs], -1)
        return convolution.conv2d(outputs, tf.cast(kernel, inputs.dtype))

    def get_config(self):
        return {
            **super().get_config(),
            "num_blocks": self.num_blocks,
            "num_cells": self.num_cells,
            "filters": self.filters,
            "operation_set": self.operation_set,
        }
