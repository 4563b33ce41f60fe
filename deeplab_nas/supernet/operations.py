"""The candidate operations with weights, each for all edges that leave a state at once.

Channels are consumer-major: `[consumer, cell, filter]`, flattened. The input of a wide operation is
the state's ReLU repeated once a consumer, so that every edge owns a run of channels and the edges'
separate convolutions are one grouped convolution.
"""

import functools

import keras
import tensorflow as tf

from deeplab_nas.core import convolution


class WideOperation(keras.layers.Layer):
    """What all wide operations share: their kernels, and the layout of the channels.

    A kernel of the layer holds those of all edges of the cell, ordered by the state that they
    leave, so that a trellis node has a few large variables instead of hundreds of small ones. A
    subclass creates kernels in `build`, tells in `num_normalizations` how often `call` normalises,
    and ends `call` in a normalisation that carries the weight of the operation.
    """

    num_normalizations = 1

    def __init__(self, groups_by_state, filters, **kwargs):
        """Args: groups_by_state, consumers times cells of each state; filters of a group."""
        super().__init__(**kwargs)
        self.groups_by_state = list(groups_by_state)
        self.filters = filters

    def add_kernel(self, name, size, in_channels):
        """Adds a kernel `[size, size, in_channels, sum(groups_by_state) * filters]`."""
        return self.add_weight(
            name=name,
            shape=(size, size, in_channels, sum(self.groups_by_state) * self.filters),
            initializer=convolution.fan_in_uniform(size * size * in_channels),
        )

    def kernels_by_state(self):
        """Cuts the kernels into those of each state.

        Returns:
            For each state a tuple with one tensor a variable, in order of creation,
            `[size, size, in_channels, groups * filters]`.
        """
        widths = [groups * self.filters for groups in self.groups_by_state]
        cut = [tf.split(tf.convert_to_tensor(kernel), widths, -1) for kernel in self.weights]
        return list(zip(*cut, strict=True))

    def get_config(self):
        return {
            **super().get_config(),
            "groups_by_state": self.groups_by_state,
            "filters": self.filters,
        }


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SeparableConvolution(WideOperation):
    """`repetitions` times {ReLU, depthwise, pointwise, batch norm}; official `nas_cell`."""

    def __init__(self, groups_by_state, filters, kernel_size, repetitions, rate=1, **kwargs):
        """Args as `WideOperation`, and the depthwise kernel's size and atrous rate."""
        super().__init__(groups_by_state, filters, **kwargs)
        self.kernel_size = kernel_size
        self.repetitions = repetitions
        self.rate = rate
        self.num_normalizations = repetitions

    def build(self):
        for i in range(1, self.repetitions + 1):
            self.add_kernel(f"depthwise_{i}", self.kernel_size, 1)
            self.add_kernel(f"pointwise_{i}", 1, self.filters)
        self.built = True

    def call(self, inputs, kernels, scale, statistics):
        """Applies the operation to one state.

        Args:
            inputs: The rectified state, once a consumer, `[batch, height, width, channels]`.
            kernels: The state's entry of `kernels_by_state`.
            scale: `[channels]`, the weight of the operation on each edge.
            statistics: `normalization.StatisticsPass`.

        Returns:
            `[batch, height, width, channels]`.
        """
        outputs = inputs
        for i in range(self.repetitions):
            if i:
                outputs = tf.nn.relu(statistics.normalize(outputs))
            outputs = self._depthwise(outputs, kernels[2 * i])
            outputs = convolution.conv2d(outputs, kernels[2 * i + 1])
        return statistics.normalize(outputs, scale)

    def _depthwise(self, inputs, kernel):
        kernel = tf.reshape(kernel, [self.kernel_size, self.kernel_size, -1, 1])
        rates = [self.rate, self.rate]
        return tf.nn.depthwise_conv2d(inputs, kernel, [1, 1, 1, 1], "SAME", dilations=rates)

    def get_config(self):
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "repetitions": self.repetitions,
            "rate": self.rate,
        }


@keras.saving.register_keras_serializable(package="deeplab_nas")
class AtrousConvolution(WideOperation):
    """ReLU, full convolution at `rate`, batch normalisation; official `nas_cell`."""

    def __init__(self, groups_by_state, filters, kernel_size, rate=2, **kwargs):
        """Args as `WideOperation`, and the kernel's size and atrous rate."""
        super().__init__(groups_by_state, filters, **kwargs)
        self.kernel_size = kernel_size
        self.rate = rate

    def build(self):
        self.add_kernel("kernel", self.kernel_size, self.filters)
        self.built = True

    def call(self, inputs, kernels, scale, statistics):
        """Applies the operation to one state; see `SeparableConvolution.call`."""
        outputs = convolution.conv2d(inputs, kernels[0], rate=self.rate)
        return statistics.normalize(outputs, scale)

    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size, "rate": self.rate}


_SEPARABLE = {
    "separable_3x3_2": functools.partial(SeparableConvolution, kernel_size=3, repetitions=2),
    "separable_5x5_2": functools.partial(SeparableConvolution, kernel_size=5, repetitions=2),
}

# By operation set, each operation with weights and what builds it from (groups_by_state, filters).
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
