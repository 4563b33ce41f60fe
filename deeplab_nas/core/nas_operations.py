"""The operations of a cell (official `NASBaseCell._apply_conv_operation`).

Layers and variables have the official names, so that a variable's path is its name in an official
checkpoint.
"""

import math
import re

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import convolution, resize
from deeplab_nas.core.layers import batch_norm
from deeplab_nas.core.layers.batch_norm import convolve_and_normalize

_CONVOLUTION = re.compile(r"(separable|atrous)_(\d)x\d(?:_(\d))?")


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Convolution(keras.layers.Layer):
    """Convolution without bias; its kernel is called `weights`."""

    def __init__(self, filters, kernel_size, stride=1, rate=1, **kwargs):
        """Args: filters, output channels; kernel_size, stride and atrous rate in pixels."""
        super().__init__(autocast=False, **kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.stride = stride
        self.rate = rate

    def build(self, inputs_shape):
        shape = (self.kernel_size, self.kernel_size, inputs_shape[-1], self.filters)
        self.kernel = _add_kernel(self, "weights", shape)
        self.built = True

    def call(self, inputs, scale=None):
        """Convolves `[batch, height, width, channels]`; see `batch_norm.convolve_and_normalize`."""
        kernel = convolution.scaled_kernel(self.kernel, scale, inputs.dtype)
        return convolution.conv2d(inputs, kernel, self.stride, self.rate)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "rate": self.rate,
        }


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SeparableConvolution(keras.layers.Layer):
    """Depthwise and pointwise convolution; official `separable_conv2d_same`."""

    def __init__(self, filters, kernel_size, stride=1, **kwargs):
        """Args: filters, output channels; kernel_size and stride of the depthwise part."""
        super().__init__(autocast=False, **kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.stride = stride

    def build(self, inputs_shape):
        channels = inputs_shape[-1]
        depthwise_shape = (self.kernel_size, self.kernel_size, channels, 1)
        self.depthwise = _add_kernel(self, "depthwise_weights", depthwise_shape)
        self.pointwise = _add_kernel(self, "pointwise_weights", (1, 1, channels, self.filters))
        self.built = True

    def call(self, inputs, scale=None):
        """Convolves `[batch, height, width, channels]`; see `batch_norm.convolve_and_normalize`."""
        depthwise = convolution.scaled_kernel(self.depthwise, None, inputs.dtype)
        pointwise = convolution.scaled_kernel(self.pointwise, scale, inputs.dtype)
        outputs = convolution.depthwise_conv2d(inputs, depthwise, self.stride)
        return convolution.conv2d(outputs, pointwise)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "stride": self.stride,
        }


class Operation(keras.layers.Layer):
    """What the operations of a cell share: their arguments and a chain of layers."""

    def __init__(self, operation, filters, stride, batch_norm_options=None, **kwargs):
        """Creates the operation.

        Args:
            operation: Its name, as `nas_genotypes` has it.
            filters: Channels, of the input as well: the cell sees to that.
            stride: 1 or 2.
            batch_norm_options: Keyword arguments of `batch_norm.BatchNorm`.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.operation = operation
        self.filters = filters
        self.stride = stride
        self.batch_norm_options = batch_norm_options or {}
        self.layers = []

    def _append(self, layer_class, *args, **kwargs):
        self.layers.append(layer_class(*args, dtype=self.dtype_policy, **kwargs))

    def _append_batch_norm(self, name):
        self._append(batch_norm.BatchNorm, name=name, **self.batch_norm_options)

    def build(self, inputs_shape):
        for layer in self.layers:
            layer.build((None, None, None, self.filters))
        self.built = True

    def get_config(self):
        return {
            **super().get_config(),
            "operation": self.operation,
            "filters": self.filters,
            "stride": self.stride,
            "batch_norm_options": self.batch_norm_options,
        }


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Separable(Operation):
    """`separable_kxk_n`: n times {ReLU, depthwise, pointwise, batch norm}; the first is strided."""

    def __init__(self, operation, filters, stride, batch_norm_options=None, **kwargs):
        """Args as `Operation`."""
        super().__init__(operation, filters, stride, batch_norm_options, **kwargs)
        _, size, repetitions = _CONVOLUTION.fullmatch(operation).groups()
        for i in range(1, int(repetitions) + 1):
            suffix = f"{size}x{size}_{i}"
            self._append(
                SeparableConvolution, filters, int(size), stride, name=f"separable_{suffix}"
            )
            self._append_batch_norm(f"bn_sep_{suffix}")
            stride = 1

    def call(self, inputs, training=False):
        """Applies the operation to `[batch, height, width, filters]`."""
        outputs = inputs
        for separable, norm in zip(self.layers[::2], self.layers[1::2], strict=True):
            outputs = convolve_and_normalize(separable, norm, tf.nn.relu(outputs), training)
        return outputs


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Atrous(Operation):
    """`atrous_kxk`: ReLU, full convolution at rate 2, batch norm.

    With a stride the input is halved by a bilinear resize and the convolution is not dilated.
    """

    def __init__(self, operation, filters, stride, batch_norm_options=None, **kwargs):
        """Args as `Operation`."""
        super().__init__(operation, filters, stride, batch_norm_options, **kwargs)
        size = int(_CONVOLUTION.fullmatch(operation)[2])
        rate = 2 if stride == 1 else 1
        self._append(Convolution, filters, size, rate=rate, name=operation)
        self._append_batch_norm(f"bn_atr_{size}x{size}")

    def call(self, inputs, training=False):
        """Applies the operation to `[batch, height, width, filters]`."""
        outputs = tf.nn.relu(inputs)
        if self.stride == 2:
            outputs = resize.resize_by_kernel(outputs, resize.scaled_size(outputs, 0.5))
        return convolve_and_normalize(*self.layers, outputs, training)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Pooling(Operation):
    """`avg_pool_3x3` or `max_pool_3x3`."""

    def call(self, inputs, training=False):
        """Applies the operation to `[batch, height, width, filters]`."""
        pool = tf.nn.max_pool2d if self.operation.startswith("max") else tf.nn.avg_pool2d
        return pool(inputs, 3, self.stride, "SAME")


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Skip(Operation):
    """`skip` (official `none`): the identity; with a stride ReLU, 1x1 convolution, batch norm."""

    def __init__(self, operation, filters, stride, batch_norm_options=None, **kwargs):
        """Args as `Operation`."""
        super().__init__(operation, filters, stride, batch_norm_options, **kwargs)
        if stride > 1:
            self._append(Convolution, filters, 1, stride, name="1x1")
            self._append_batch_norm("bn_1")

    def call(self, inputs, training=False):
        """Applies the operation to `[batch, height, width, filters]`."""
        if not self.layers:
            return inputs
        return convolve_and_normalize(*self.layers, tf.nn.relu(inputs), training)


def make(operation, *args, **kwargs):
    """Creates an operation by its name in `nas_genotypes`; the arguments are `Operation`'s."""
    kind = operation.partition("_")[0]
    classes = {"separable": Separable, "atrous": Atrous, "skip": Skip}
    return classes.get(kind, Pooling)(operation, *args, **kwargs)


def _add_kernel(layer, name, shape):
    initializer = convolution.fan_in_uniform(math.prod(shape[:-1]))
    return layer.add_weight(name=name, shape=shape, initializer=initializer, autocast=False)
