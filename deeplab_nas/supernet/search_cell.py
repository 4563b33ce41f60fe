"""A node of the trellis: every cell that ends in it (Auto-DeepLab, section 4.2, eq. 6)."""

import keras
import tensorflow as tf

from deeplab_nas.core import convolution, resize, trellis
from deeplab_nas.supernet import mixed_ops, normalization, relaxation


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SearchCell(keras.layers.Layer):
    """The two or three cells that end in one (layer, level), side by side in the channels.

    H^l_s = sum over the arrows into s of beta_{s' -> s} Cell(H^{l-1}_{s'}, H^{l-2}_s; alpha).

    Each cell first brings its inputs to the width of a block: H^{l-1} by ReLU and a convolution,
    3x3 with stride 2 on the way down, 1x1 after a bilinear resize on the way up, 1x1 otherwise;
    H^{l-2} by ReLU and a 1x1 convolution. All convolutions inside the cell have stride 1.
    """

    def __init__(self, directions, num_blocks, filters, operation_set, batch_norm_decay, **kwargs):
        """Creates the node.

        Args:
            directions: Of each arrow that ends here: `trellis.UP`, `SAME` or `DOWN`.
            num_blocks: B.
            filters: Channels of a block of one cell.
            operation_set: Key of `operations.OPERATION_SETS`.
            batch_norm_decay: Decay of the moving statistics.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.directions = list(directions)
        self.num_blocks = num_blocks
        self.filters = filters
        self.operation_set = operation_set
        self.batch_norm_decay = batch_norm_decay
        self.mixed_ops = mixed_ops.MixedOps(
            num_blocks, len(self.directions), filters, operation_set, name="mixed_ops"
        )

    @property
    def width(self):
        """Channels of a state: one block of every cell."""
        return len(self.directions) * self.filters

    def build(self, sources_shape, skip_source_shape):
        self.source_kernels = []
        for direction, shape in zip(self.directions, sources_shape, strict=True):
            size = 3 if direction == trellis.DOWN else 1
            kernel = self._add_kernel(
                f"preprocess_{len(self.source_kernels)}", size, shape[-1], self.filters
            )
            self.source_kernels.append(kernel)
        self.skip_kernel = self._add_kernel("preprocess_skip", 1, skip_source_shape[-1], self.width)
        self.mixed_ops.build()
        self.statistics = normalization.MovingStatistics(
            2 * self.width + self.mixed_ops.normalized_channels,
            self.batch_norm_decay,
            name="statistics",
        )
        self.statistics.build()
        self.built = True

    def _add_kernel(self, name, size, in_channels, out_channels):
        return self.add_weight(
            name=name,
            shape=(size, size, in_channels, out_channels),
            initializer=convolution.fan_in_uniform(size * size * in_channels),
        )

    def call(self, sources, skip_source, arrows, gates, size, training=False):
        """Runs the cells and sums them.

        Args:
            sources: H^{l-1} at the tail of each arrow, `[batch, *, *, channels]` each.
            skip_source: H^{l-2}, `[batch, *, *, channels]`; resized if at another scale.
            arrows: Weight of each arrow, `[len(directions)]`.
            gates: `relaxation.OperationGates`.
            size: `(height, width)` of this node.
            training: Whether to normalise by the batch's statistics.

        Returns:
            H^l, `[batch, height, width, num_blocks * filters]`, before any ReLU.
        """
        statistics = self.statistics.pass_through(training)
        preprocessed = [
            self._preprocess(source, direction, kernel, size)
            for source, direction, kernel in zip(
                sources, self.directions, self.source_kernels, strict=True
            )
        ]
        skip = tf.nn.relu(resize.resize_bilinear(skip_source, size))
        states = [
            statistics.normalize(tf.concat(preprocessed, -1)),
            statistics.normalize(convolution.conv2d(skip, tf.convert_to_tensor(self.skip_kernel))),
        ]
        blocks = self._blocks(states, gates, statistics)
        statistics.finish()
        return self._sum_cells(blocks, arrows)

    def _preprocess(self, source, direction, kernel, size):
        stride = 2 if direction == trellis.DOWN else 1
        if direction == trellis.UP:
            source = resize.resize_bilinear(source, size)
        return convolution.conv2d(tf.nn.relu(source), tf.convert_to_tensor(kernel), stride)

    def _blocks(self, states, gates, statistics):
        """Computes the blocks in order; each is the sum of one edge from every earlier state."""
        edges = [[] for _ in range(self.num_blocks)]
        blocks = []
        for state, kernels in enumerate(self.mixed_ops.kernels_by_state()):
            if state >= 2:
                blocks.append(tf.add_n(edges[state - 2]))
            outputs = self.mixed_ops(
                [*states, *blocks][state],
                state=state,
                kernels=kernels,
                gates=gates,
                statistics=statistics,
            )
            for block, output in enumerate(reversed(outputs), 1):
                edges[-block].append(output)
        return [*blocks, tf.add_n(edges[-1])]

    def _sum_cells(self, blocks, arrows):
        """Concatenates the blocks and weighs the cells by their arrows, in one 1x1 convolution."""
        weights = tf.einsum("bd,a->bad", tf.eye(self.num_blocks), arrows)
        weights = tf.reshape(weights, [self.num_blocks * len(self.directions), self.num_blocks])
        kernel = relaxation.spread_matrix(weights, self.filters)
        outputs = tf.concat(blocks, -1)
        return tf.nn.conv2d(outputs, tf.cast(kernel, outputs.dtype), 1, "SAME")

    def get_config(self):
        return {
            **super().get_config(),
            "directions": self.directions,
            "num_blocks": self.num_blocks,
            "filters": self.filters,
            "operation_set": self.operation_set,
            "batch_norm_decay": self.batch_norm_decay,
        }
