"""The operations of a cell (official `NASBaseCell._apply_conv_operation`).

Layers and variables have the official names, so that a variable's path is its name in an official
checkpoint.
"""

import math

import keras
import tensorflow as tf

from deeplab_nas.core import operations
from deeplab_nas.core.kernels import convolution, resize
from deeplab_nas.core.layers import batch_norm
from deeplab_nas.core.layers.batch_norm import convolve_and_normalize
from deeplab_nas.core.operations import Kind


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Convolution(keras.layers.Layer):
    """Convolution without bias; its kernel is called `weights`."""

    def __init__(self, filters, kernel_size, stride=1, rate=1, **kwargs):
        """Args: filters, output channels; `(height, width)` of the kernel; stride; atrous rate."""
        super().__init__(autocast=False, **kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.stride = stride
        self.rate = rate

    def build(self, inputs_shape):
        shape = (*self.kernel_size, inputs_shape[-1], self.filters)
        self.kernel = add_kernel(self, "weights", shape)
        self.built = True

    def call(self, inputs, scale=None):
        """Convolves `[batch, height, width, channels]`; see `batch_norm.convolve_and_normalize`."""
        kernel = convolution.scaled_kernel(self.kernel, scale, inputs.dtype)
        return convolution.conv2d(inputs, kernel, self.stride, self.rate)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SeparableConvolution(keras.layers.Layer):
    """Depthwise and pointwise convolution; official `separable_conv2d_same`."""

    def __init__(self, filters, kernel_size, stride=1, rate=1, **kwargs):
        """Args as `Convolution`; size, stride and rate are those of the depthwise part."""
        super().__init__(autocast=False, **kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.stride = stride
        self.rate = rate

    def build(self, inputs_shape):
        channels = inputs_shape[-1]
        depthwise_shape = (*self.kernel_size, channels, 1)
        self.depthwise = add_kernel(self, "depthwise_weights", depthwise_shape)
        self.pointwise = add_kernel(self, "pointwise_weights", (1, 1, channels, self.filters))
        self.built = True

    def call(self, inputs, scale=None):
        """Convolves `[batch, height, width, channels]`; see `batch_norm.convolve_and_normalize`."""
        depthwise = convolution.scaled_kernel(self.depthwise, None, inputs.dtype)
        pointwise = convolution.scaled_kernel(self.pointwise, scale, inputs.dtype)
        outputs = convolution.depthwise_conv2d(inputs, depthwise, self.stride, self.rate)
        return convolution.conv2d(outputs, pointwise)


class Operation(keras.layers.Layer):
    """What the operations of a cell share: their arguments and a chain of layers."""

    # Whether a stride is a bilinear resize before the convolutions, which are not dilated then.
    halves_by_resize = False

    def __init__(self, operation, filters, stride, batch_norm_options=None, **kwargs):
        """Creates the operation.

        Args:
            operation: Its name in `operations.TABLE`.
            filters: Channels, of the input as well: the cell sees to that.
            stride: 1 or 2.
            batch_norm_options: Keyword arguments of `batch_norm.BatchNorm`.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.operation = operation
        self.entry = operations.find(operation)
        self.filters = filters
        self.stride = stride
        self.batch_norm_options = batch_norm_options or {}
        self.layers = []

    def _append(self, layer_class, *args, **kwargs):
        self.layers.append(layer_class(*args, dtype=self.dtype_policy.name, **kwargs))

    def _append_batch_norm(self, name):
        self._append(batch_norm.BatchNorm, name=name, **self.batch_norm_options)

    def build(self, inputs_shape):
        for layer in self.layers:
            layer.build((None, None, None, self.filters))
        self.built = True

    def call(self, inputs, training=False):
        """Applies {ReLU, convolution, batch norm} for each pair of layers.

        Args:
            inputs: `[batch, height, width, filters]`.
            training: Whether to normalise by the batch's statistics.

        Returns:
            `[batch, ceil(height / stride), ceil(width / stride), filters]`.
        """
        outputs = inputs
        for i, (convolve, norm) in enumerate(zip(self.layers[::2], self.layers[1::2], strict=True)):
            outputs = tf.nn.relu(outputs)
            if i == 0 and self.stride > 1 and self.halves_by_resize:
                outputs = resize.resize_by_kernel(outputs, resize.scaled_size(outputs, 0.5))
            outputs = convolve_and_normalize(convolve, norm, outputs, training)
        return outputs


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Separable(Operation):
    """Depthwise separable convolutions, of which the first is strided."""

    def __init__(self, operation, filters, stride, batch_norm_options=None, **kwargs):
        """Args as `Operation`."""
        super().__init__(operation, filters, stride, batch_norm_options, **kwargs)
        for i, (height, width) in enumerate(self.entry.kernels, 1):
            suffix = f"{height}x{width}_{i}"
            self._append(
                SeparableConvolution,
                *(filters, (height, width), stride, 1 if stride > 1 else self.entry.rate),
                name=f"separable_{suffix}",
            )
            self._append_batch_norm(f"bn_sep_{suffix}")
            stride = 1


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Full(Operation):
    """Full convolutions, such as `atrous_kxk`."""

    halves_by_resize = True

    def __init__(self, operation, filters, stride, batch_norm_options=None, **kwargs):
        """Args as `Operation`."""
        super().__init__(operation, filters, stride, batch_norm_options, **kwargs)
        kind = "conv" if self.entry.rate == 1 else "atr"
        rate = 1 if stride > 1 else self.entry.rate
        for i, (height, width) in enumerate(self.entry.kernels, 1):
            suffix = f"_{i}" if len(self.entry.kernels) > 1 else ""
            name = f"{operation}{suffix}"
            self._append(Convolution, filters, (height, width), rate=rate, name=name)
            self._append_batch_norm(f"bn_{kind}_{height}x{width}{suffix}")


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Pooling(Operation):
    """The mean or the maximum of a window."""

    def call(self, inputs, training=False):
        """Pools; the arguments are those of `Operation.call`."""
        return pool(self.entry, inputs, self.stride)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Skip(Operation):
    """`skip` (official `none`): the identity; with a stride ReLU, 1x1 convolution, batch norm."""

    def __init__(self, operation, filters, stride, batch_norm_options=None, **kwargs):
        """Args as `Operation`."""
        super().__init__(operation, filters, stride, batch_norm_options, **kwargs)
        if stride > 1:
            self._append(Convolution, filters, (1, 1), stride, name="1x1")
            self._append_batch_norm("bn_1")


_LAYERS = {
    Kind.SEPARABLE: Separable,
    Kind.CONVOLUTION: Full,
    Kind.AVERAGE_POOL: Pooling,
    Kind.MAXIMUM_POOL: Pooling,
    Kind.SKIP: Skip,
}
_POOLS = {Kind.AVERAGE_POOL: tf.nn.avg_pool2d, Kind.MAXIMUM_POOL: tf.nn.max_pool2d}


def make(operation, *args, **kwargs):
    """Creates an operation by its name in `operations.TABLE`; the arguments are `Operation`'s."""
    return _LAYERS[operations.find(operation).kind](operation, *args, **kwargs)


def pool(operation, inputs, stride=1):
    """Pools `[batch, height, width, channels]` as an entry of `operations.TABLE` says."""
    (window,) = operation.kernels
    return _POOLS[operation.kind](inputs, window, stride, "SAME")


def add_kernel(layer, name, shape, autocast=False):
    """Adds a kernel `[..., out_channels]` to a layer, which begins as `fan_in_uniform` says."""
    initializer = convolution.fan_in_uniform(math.prod(shape[:-1]))
    return layer.add_weight(name=name, shape=shape, initializer=initializer, autocast=autocast)
