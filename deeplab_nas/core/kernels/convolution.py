"""Convolution with the official padding."""

import math

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import ways


def fan_in_uniform(fan_in):
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in)): the official initialiser of the NAS cells.

    It is `VarianceScaling(1/3, "fan_in", "uniform")` with the fan-in given, since Keras takes the
    fan-in of a depthwise kernel over all channels.
    """
    limit = 1.0 / math.sqrt(fan_in)
    return keras.initializers.RandomUniform(-limit, limit)


def scaled_kernel(kernel, scale, dtype):
    """Returns a kernel whose outputs are `scale` times as large, as `dtype`.

    Args:
        kernel: Variable or tensor, `[height, width, *, out_channels]`, float32.
        scale: Of each output, float32 `[out_channels]`; None for 1.
        dtype: Of the result; the kernel is scaled before it is rounded.
    """
    kernel = tf.convert_to_tensor(kernel)
    return tf.cast(kernel if scale is None else kernel * scale, dtype)


def conv2d(inputs, kernel, stride=1, rate=1):
    """Convolution whose output is centred on the input, also when strided.

    With a stride, zeros are padded on both sides before a VALID convolution (official
    `resnet_utils.conv2d_same`), so that odd and even sizes are sampled alike.

    Args:
        inputs: `[batch, height, width, groups * in_channels]`.
        kernel: `[kernel_height, kernel_width, in_channels, out_channels]`, both odd; more than one
            group of input channels makes a grouped convolution.
        stride: Step in pixels.
        rate: Atrous rate; only with stride 1.

    Returns:
        `[batch, ceil(height / stride), ceil(width / stride), out_channels]`.
    """
    return ways.convolve(ways.FULL, inputs, kernel, stride, rate)


def depthwise_conv2d(inputs, kernel, stride=1, rate=1):
    """Depthwise convolution with the padding of `conv2d`.

    Args:
        inputs: `[batch, height, width, channels]`.
        kernel: `[kernel_height, kernel_width, channels, 1]`, both odd.
        stride: Step in pixels.
        rate: Atrous rate; only with stride 1.

    Returns:
        `[batch, ceil(height / stride), ceil(width / stride), channels]`.
    """
    return ways.convolve(ways.DEPTHWISE, inputs, kernel, stride, rate)
