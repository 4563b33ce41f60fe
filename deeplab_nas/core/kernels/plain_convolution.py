"""TensorFlow's own convolutions, centred on the input, whole or in parts."""

import tensorflow as tf

# What a part has for each of its rows, columns and input channels.
_PART_BYTES = 256


def conv2d(inputs, kernel, stride, rate, convolve):
    """Convolves with stride 1; the arguments are those of `ways.Way`."""
    return tf.nn.conv2d(inputs, kernel, 1, "SAME", dilations=rate)


def strided(inputs, kernel, stride, rate, convolve):
    """Convolves with a stride and rate 1; the arguments are those of `ways.Way`."""
    return tf.nn.conv2d(_pad(inputs, kernel), kernel, stride, "VALID")


def depthwise(inputs, kernel, stride, rate, convolve):
    """Convolves each channel by itself; the arguments are those of `ways.Way`."""
    padding = "SAME"
    if stride > 1:
        inputs, padding = _pad(inputs, kernel), "VALID"
    strides = [1, stride, stride, 1]
    return tf.nn.depthwise_conv2d(inputs, kernel, strides, padding, dilations=[rate, rate])


def in_parts(inputs, kernel, stride, rate, convolve):
    """Convolves by some output channels after the others; the arguments are those of `ways.Way`.

    Each part stays in the cache, and where there are several images, as in training, which gives
    each operation one core, the parts keep all of them busy.
    """
    parts = tf.split(kernel, kernel.shape[3] // part_channels(kernel.dtype), axis=-1)
    return tf.concat([convolve(inputs, part) for part in parts], -1)


def part_channels(dtype):
    """Output channels of a part."""
    return _PART_BYTES // dtype.size


def _pad(inputs, kernel):
    # On CPU the gradient of a convolution with explicit padding misses the fast kernels.
    margins = [[size // 2, size // 2] for size in kernel.shape[:2]]
    return tf.pad(inputs, [[0, 0], *margins, [0, 0]])
