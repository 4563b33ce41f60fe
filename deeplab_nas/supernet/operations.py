"""The candidate operations with weights, each for all edges that leave a stage at once.

A stage is the states that are there at the same time, see `trellis.stages`. Channels are `[state,
consumer, cell, filter]`, flattened. The input of a wide operation is the rectified states, each
repeated once a consumer, so that every edge owns a run of channels and the edges' separate
convolutions are one grouped convolution.
"""

import functools

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import convolution, phases


class WideOperation(keras.layers.Layer):
    """What all wide operations share: their kernels, and the layout of the channels.

    A kernel of the layer holds those of all edges of the cell, ordered by the state that they
    leave, so that a trellis node has a few large variables instead of hundreds of small ones. A
    subclass creates kernels in `build`, tells in `num_normalizations` how often `call` normalises,
    and ends `call` in a normalisation that carries the weight of the operation.
    """

    num_normalizations = 1

    def __init__(self, groups_by_stage, filters, rate=1, **kwargs):
        """Args: groups_by_stage, edges times cells of each; filters of a group; atrous rate."""
        super().__init__(autocast=False, **kwargs)
        self.groups_by_stage = list(groups_by_stage)
        self.filters = filters
        self.rate = rate

    def add_kernel(self, name, size, in_channels):
        """Adds a kernel `[size, size, in_channels, sum(groups_by_stage) * filters]`."""
        return self.add_weight(
            name=name,
            shape=(size, size, in_channels, sum(self.groups_by_stage) * self.filters),
            initializer=convolution.fan_in_uniform(size * size * in_channels),
        )

    def kernels_by_stage(self, kernels):
        """Cuts the values of the layer's variables into those of each stage.

        Returns:
            For each stage a tuple with one tensor a variable, in order of creation,
            `[size, size, in_channels, groups * filters]`.
        """
        return list(zip(*[self.cut(kernel, axis=3) for kernel in kernels], strict=True))

    def cut(self, kernel, axis):
        """Cuts one kernel, whose output channels are on `axis`, into those of each stage."""
        return tf.split(kernel, [groups * self.filters for groups in self.groups_by_stage], axis)

    def get_config(self):
        return {
            **super().get_config(),
            "groups_by_stage": self.groups_by_stage,
            "filters": self.filters,
            "rate": self.rate,
        }


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SeparableConvolution(WideOperation):
    """`repetitions` times {ReLU, depthwise, pointwise, batch norm}; official `nas_cell`."""

    def __init__(self, groups_by_stage, filters, kernel_size, repetitions, **kwargs):
        """Args as `WideOperation`, and the size of the depthwise kernels."""
        super().__init__(groups_by_stage, filters, **kwargs)
        self.kernel_size = kernel_size
        self.repetitions = repetitions
        self.num_normalizations = repetitions

    def build(self):
        for i in range(1, self.repetitions + 1):
            self.add_kernel(f"depthwise_{i}", self.kernel_size, 1)
            self.add_kernel(f"pointwise_{i}", 1, self.filters)
        self.built = True

    def kernels_by_stage(self, kernels):
        """As `WideOperation` has it, but for depthwise kernels: `[size, size, channels, 1]`."""
        depthwise = [
            self.cut(tf.reshape(kernel, [self.kernel_size, self.kernel_size, -1, 1]), axis=2)
            for kernel in kernels[::2]
        ]
        pointwise = [self.cut(kernel, axis=3) for kernel in kernels[1::2]]
        return list(zip(zip(*depthwise, strict=True), zip(*pointwise, strict=True), strict=True))

    def call(self, inputs, size, kernels, scale, statistics):
        """Applies the operation to one stage.

        Args:
            inputs: The rectified states, once a consumer, as `phases.split` returns them for
                `self.rate`, `[*, *, *, channels]`.
            size: `(height, width)`.
            kernels: The stage's entry of `kernels_by_stage`.
            scale: `[channels]`, the weight of the operation on each edge.
            statistics: `normalization.StatisticsPass`.

        Returns:
            `[batch, height, width, channels]`.
        """
        outputs = inputs
        for i, (depthwise, pointwise) in enumerate(zip(*kernels, strict=True)):
            if i:
                outputs = tf.nn.relu(statistics.normalize(outputs))
                outputs = phases.split(outputs, self.rate)
            outputs = convolution.depthwise_conv2d(outputs, depthwise)
            outputs = phases.merge(outputs, self.rate, size)
            outputs = convolution.conv2d(outputs, pointwise)
        return statistics.normalize(outputs, scale)

    def get_config(self):
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "repetitions": self.repetitions,
        }


@keras.saving.register_keras_serializable(package="deeplab_nas")
class AtrousConvolution(WideOperation):
    """ReLU, full convolution at `rate`, batch normalisation; official `nas_cell`."""

    def __init__(self, groups_by_stage, filters, kernel_size, rate=2, **kwargs):
        """Args as `WideOperation`, and the size of the kernel."""
        super().__init__(groups_by_stage, filters, rate, **kwargs)
        self.kernel_size = kernel_size

    def build(self):
        self.add_kernel("kernel", self.kernel_size, self.filters)
        self.built = True

    def call(self, inputs, size, kernels, scale, statistics):
        """Applies the operation to one stage; see `SeparableConvolution.call`."""
        outputs = convolution.conv2d(inputs, kernels[0])
        return statistics.normalize(phases.merge(outputs, self.rate, size), scale)

    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size}


_SEPARABLE = {
    "separable_3x3_2": functools.partial(SeparableConvolution, kernel_size=3, repetitions=2),
    "separable_5x5_2": functools.partial(SeparableConvolution, kernel_size=5, repetitions=2),
}

# By operation set, each operation with weights and what builds it from (groups_by_stage, filters).
OPERATION_SETS = {
    "official": {
        **_SEPARABLE,
        "atrous_3x3": functools.partial(AtrousConvolution, kernel_size=3),
        "atrous_5x5": functools.partial(AtrousConvolution, kernel_size=5),
    },
    "darts": {
        **_SEPARABLE,
        "atrous_3x3": functools.partial(SeparableConvolution, kernel_size=3, repetitions=1, rate=2),
        "atrous_5x5": functools.partial(SeparableConvolution, kernel_size=5, repetitions=1, rate=2),
    },
}
