"""A node of the trellis: every cell that ends in it (Auto-DeepLab, section 4.2, eq. 6)."""

import keras
import numpy as np
import tensorflow as tf

from deeplab_nas.core import trellis
from deeplab_nas.core.kernels import convolution, resize
from deeplab_nas.core.nas_operations import add_kernel
from deeplab_nas.supernet import kept_operations, mixed_ops, normalization


class SearchCell(keras.layers.Layer):
    """The two or three cells that end in one (layer, level), side by side in the channels.

    H^l_s = sum over the arrows into s of beta_{s' -> s} Cell(H^{l-1}_{s'}, H^{l-2}_s; alpha).

    Each cell first brings its inputs to the width of a block: H^{l-1} by ReLU and a convolution,
    3x3 with stride 2 on the way down, 1x1 after a bilinear resize on the way up, 1x1 otherwise;
    H^{l-2} by ReLU and a 1x1 convolution. All convolutions inside the cell have stride 1.
    """

    # What no gradient is taken of while the other is trained.
    WEIGHTS = ("kernels",)
    ARCHITECTURE = ("arrows", "mixes", "scales")

    def __init__(self, directions, level, config, **kwargs):
        """Creates the node.

        Args:
            directions: Of each arrow that ends here: `trellis.UP`, `SAME` or `DOWN`.
            level: 0 to 3.
            config: `SupernetConfig`.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(autocast=False, **kwargs)
        self.directions = tuple(directions)
        self.config = config
        self.filters = config.filters(level)
        self.mixed_ops = mixed_ops.MixedOps(
            len(self.directions), level, config, name="mixed_ops", dtype=self.dtype_policy.name
        )

    @property
    def width(self):
        """Channels of a state: one block of every cell."""
        return len(self.directions) * self.filters

    def build(self, sources_shape, skip_source_shape):
        self.source_kernels = []
        for direction, shape in zip(self.directions, sources_shape, strict=True):
            size = 3 if direction == trellis.DOWN else 1
            name = f"preprocess_{len(self.source_kernels)}"
            kernel = add_kernel(self, name, (size, size, shape[-1], self.filters))
            self.source_kernels.append(kernel)
        skip_shape = (1, 1, skip_source_shape[-1], self.width)
        self.skip_kernel = add_kernel(self, "preprocess_skip", skip_shape)
        self.mixed_ops.build()
        everything = kept_operations.everything(
            trellis.num_edges(self.config.num_blocks), self.config.operations
        )
        self.statistics = normalization.MovingStatistics(
            len(self._channels(everything)), self.config.batch_norm_decay, name="statistics"
        )
        self.statistics.build()
        self.keep(everything)
        self.built = True

    def keep(self, kept):
        """Leaves operations out; to be called before anything is traced of what comes after.

        Args:
            kept: `KeptOperations`.
        """
        self.kept = kept
        channels = self._channels(kept)
        self.num_normalized = len(channels)
        self._kept_channels = None if len(channels) == self.statistics.channels else channels

    def _channels(self, kept):
        """Numbers of the channels that `compute` normalises, among those with all operations."""
        numbers = [np.arange(2 * self.width)]
        start = 2 * self.width
        for count, left in self.mixed_ops.normalized_blocks(kept):
            numbers += [start + block * self.width + np.arange(self.width) for block in left]
            start += count * self.width
        return np.concatenate(numbers)

    @property
    def kind(self):
        """Cells of one kind differ in nothing but their variables."""
        return self.directions, self.filters, self.config, self.dtype_policy.name, self.kept

    def gates(self, operation_gates):
        """Of `relaxation.OperationGates` what `call` takes, by name."""
        return {
            "scales": operation_gates.scales(tuple(self.mixed_ops.operations), self.width),
            "mixes": operation_gates.mixes(tuple(self.mixed_ops.parameter_free)),
        }

    def call(
        self, sources, skip_source, arrows, gates, size, run, training=False, track_statistics=True
    ):
        """Runs the cells and sums them.

        Args:
            sources: H^{l-1} at the tail of each arrow, `[batch, *, *, channels]` each.
            skip_source: H^{l-2}, `[batch, *, *, channels]`; resized if at another scale.
            arrows: Weight of each arrow, `[len(directions)]`.
            gates: What `gates` returned.
            size: `(height, width)` of this node.
            run: Calls `compute`: `shared_functions.SharedFunctions`.
            training: Whether to normalise by the batch's statistics.
            track_statistics: Whether training moves the averages of the statistics.

        Returns:
            H^l, `[batch, height, width, num_blocks * filters]`, before any ReLU.
        """
        tensors = {
            "features": [*sources, skip_source],
            "kernels": [self._kernel(variable) for variable in self.trainable_variables],
            "arrows": arrows,
            **gates,
            "moving": self.statistics.given(training, self._kept_channels),
        }
        outputs, batch = run(self, tensors, size=size)
        if track_statistics:
            self.statistics.update(batch, self._kept_channels)
        return outputs

    def _kernel(self, variable):
        return tf.cast(tf.convert_to_tensor(variable.value), self.compute_dtype)

    def compute(self, tensors, size):
        """What `call` computes, as a function of `tensors` alone.

        Args:
            tensors: `features`, the sources and the skip source; `kernels`, the values of the
                trainable variables; `arrows`; `scales` and `mixes`, of `OperationGates`; `moving`,
                of `MovingStatistics.given`.
            size: `(height, width)` of this node.

        Returns:
            H^l, and what `MovingStatistics.update` takes.
        """
        *sources, skip_source = tensors["features"]
        *source_kernels, skip_kernel = tensors["kernels"][: len(sources) + 1]
        statistics = normalization.StatisticsPass(self.num_normalized, tensors["moving"])
        preprocessed = [
            self._preprocess(source, direction, kernel, size)
            for source, direction, kernel in zip(
                sources, self.directions, source_kernels, strict=True
            )
        ]
        skip = tf.nn.relu(resize.resize_bilinear(skip_source, size))
        preprocessed.append(convolution.conv2d(skip, skip_kernel))
        inputs = statistics.normalize(tf.concat(preprocessed, -1))
        blocks = self._blocks(inputs, tensors, statistics)
        return self._sum_cells(blocks, tensors["arrows"]), statistics.finish()

    def _preprocess(self, source, direction, kernel, size):
        stride = 2 if direction == trellis.DOWN else 1
        if direction == trellis.UP:
            source = resize.resize_bilinear(source, size)
        return convolution.conv2d(tf.nn.relu(source), kernel, stride)

    def _blocks(self, inputs, tensors, statistics):
        """Computes the blocks in order; each is the sum of one edge from every earlier state."""
        kernels = tensors["kernels"][len(self.directions) + 1 :]
        edges = [[] for _ in range(self.config.num_blocks)]
        blocks = []
        for stage, kernels_of_stage in enumerate(self.mixed_ops.kernels_by_stage(kernels)):
            received = self.mixed_ops(
                blocks[-1] if blocks else inputs,
                stage=stage,
                kernels=kernels_of_stage,
                scales=tensors["scales"][stage],
                mix=tensors["mixes"][stage],
                statistics=statistics,
                kept=self.kept,
            )
            for block, parts in zip(edges[stage:], received, strict=True):
                block.extend(parts)
            blocks.append(tf.add_n(edges[stage]))
        return blocks

    def _sum_cells(self, blocks, arrows):
        """Weighs the cells of each block by their arrows, in one grouped 1x1 convolution."""
        kernel = tf.einsum("a,cd->acd", arrows, tf.eye(self.filters))
        kernel = tf.reshape(kernel, [1, 1, self.width, self.filters])
        kernel = tf.tile(kernel, [1, 1, 1, self.config.num_blocks])
        outputs = tf.concat(blocks, -1)
        return convolution.conv2d(outputs, tf.cast(kernel, outputs.dtype))
