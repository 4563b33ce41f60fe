"""Convolutions of the head, each with batch norm and ReLU (official `core/utils.py`, `slim`).

Layers and variables have the official names; see `nas_operations`.
"""

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import convolution
from deeplab_nas.core.layers import batch_norm

EPSILON = 1e-5


class _Activated(keras.layers.Layer):
    """A convolution, then batch norm and ReLU; a subclass creates the kernel and convolves."""

    def __init__(self, batch_norm_options=None, **kwargs):
        super().__init__(**kwargs)
        self.batch_norm_options = {"epsilon": EPSILON, **(batch_norm_options or {})}
        self.norm = batch_norm.BatchNorm(
            name="BatchNorm", dtype=self.dtype_policy.name, **self.batch_norm_options
        )

    def call(self, inputs, training=False):
        """Applies the layer to `[batch, height, width, channels]`."""
        outputs = batch_norm.convolve_and_normalize(self.convolve, self.norm, inputs, training)
        return tf.nn.relu(outputs)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class HeadConvolution(_Activated):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(self, filters, kernel_size, rate=1, stddev=None, **kwargs):
        """Creates the layer.

        Args:
            filters: Output channels.
            kernel_size: In pixels.
            rate: Atrous rate.
            stddev: Of the truncated normal that the kernel begins with; None for Glorot's uniform.
            **kwargs: `batch_norm_options`, and those of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.rate = rate
        self.initializer = (
            keras.initializers.TruncatedNormal(stddev=stddev)
            if stddev
            else keras.initializers.GlorotUniform()
        )

    def build(self, inputs_shape):
        self.kernel = self.add_weight(
            name="weights",
            shape=(self.kernel_size, self.kernel_size, inputs_shape[-1], self.filters),
            initializer=self.initializer,
            autocast=False,
        )
        self.norm.build((None, None, None, self.filters))
        self.built = True

    def convolve(self, inputs, scale=None):
        kernel = convolution.scaled_kernel(self.kernel, scale, inputs.dtype)
        return convolution.conv2d(inputs, kernel, rate=self.rate)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class HeadDepthwise(_Activated):
    """Depthwise 3x3 convolution, batch norm, ReLU; its kernel is not regularised."""

    def __init__(self, rate=1, **kwargs):
        """Args: rate, atrous; `batch_norm_options`, and those of `keras.layers.Layer`."""
        super().__init__(**kwargs)
        self.rate = rate

    def build(self, inputs_shape):
        self.kernel = self.add_weight(
            name="depthwise_weights",
            shape=(3, 3, inputs_shape[-1], 1),
            initializer=keras.initializers.TruncatedNormal(stddev=0.33),
            autocast=False,
        )
        self.norm.build(inputs_shape)
        self.built = True

    def convolve(self, inputs, scale=None):
        # The outputs of a depthwise kernel lie along its third axis.
        scale = None if scale is None else scale[:, None]
        kernel = convolution.scaled_kernel(self.kernel, scale, inputs.dtype)
        return convolution.depthwise_conv2d(inputs, kernel, rate=self.rate)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Logits(keras.layers.Layer):
    """1x1 convolution with bias to one channel a class."""

    def __init__(self, num_classes, **kwargs):
        """Args: num_classes; those of `keras.layers.Layer`."""
        super().__init__(**kwargs)
        self.num_classes = num_classes

    def build(self, inputs_shape):
        self.kernel = self.add_weight(
            name="weights",
            shape=(1, 1, inputs_shape[-1], self.num_classes),
            initializer=keras.initializers.TruncatedNormal(stddev=0.01),
        )
        self.bias = self.add_weight(name="biases", shape=(self.num_classes,), initializer="zeros")
        self.built = True

    def call(self, inputs):
        """Classifies each position of `[batch, height, width, channels]`."""
        outputs = convolution.conv2d(inputs, tf.convert_to_tensor(self.kernel))
        return tf.nn.bias_add(outputs, tf.convert_to_tensor(self.bias))


def convolution_3x3(name, filters, rate=1, separable=False, **kwargs):
    """Layers of a 3x3 convolution, full or split into depthwise and pointwise.

    Args:
        name: Official scope.
        filters: Output channels.
        rate: Atrous rate.
        separable: Whether to split it; official `split_separable_conv2d`.
        **kwargs: Of the layers.

    Returns:
        One or two layers, to be applied in turn.
    """
    if not separable:
        return [HeadConvolution(filters, 3, rate, name=name, **kwargs)]
    return [
        HeadDepthwise(rate, name=f"{name}_depthwise", **kwargs),
        HeadConvolution(filters, 1, stddev=0.06, name=f"{name}_pointwise", **kwargs),
    ]


def build_chain(layers, channels):
    """Builds layers that are applied in turn to an input of `channels`."""
    for layer in layers:
        layer.build((None, None, None, channels))
        channels = getattr(layer, "filters", channels)


def call_chain(layers, inputs, training):
    """Applies layers in turn."""
    for layer in layers:
        inputs = layer(inputs, training=training)
    return inputs
