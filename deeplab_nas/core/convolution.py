"""Convolution with the official padding."""

import math

import keras
import tensorflow as tf


def fan_in_uniform(fan_in):
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in)): the official initialiser of the NAS cells.

    It is `VarianceScaling(1/3, "fan_in", "uniform")` with the fan-in given, since Keras takes the
    fan-in of a depthwise kernel over all channels.
    """
    limit = 1.0 / math.sqrt(fan_in)
    return keras.initializers.RandomUniform(-limit, limit)


def conv2d(inputs, kernel, stride=1, rate=1):
    """Convolution whose output is centred on the input, also when strided.

    With a stride, zeros are padded on both sides before a VALID convolution (official
    `resnet_utils.conv2d_same`), so that odd and even sizes are sampled alike.

    Args:
        inputs: `[batch, height, width, groups * in_channels]`.
        kernel: `[size, size, in_channels, out_channels]`; more than one group of input channels
            makes a grouped convolution.
        stride: Step in pixels.
        rate: Atrous rate; only with stride 1.

    Returns:
        `[batch, ceil(height / stride), ceil(width / stride), out_channels]`.
    """
    if stride == 1:
        return tf.nn.conv2d(inputs, kernel, 1, "SAME", dilations=rate)
    margin = kernel.shape[0] // 2
    pads = [[0, 0], [margin, margin], [margin, margin], [0, 0]]
    return tf.nn.conv2d(inputs, kernel, stride, pads)
