"""Convolution with the official padding."""

import functools
import math

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import cpu_convolution, portable_convolution, target, winograd

# Kernels that a core's second-level cache cannot hold beside the data run a third slower on CPU.
_LARGE_KERNEL_BYTES = 3 * 2**19
# What a part has for each of its rows, columns and input channels.
_PART_BYTES = 256


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
    if inputs.dtype.size < 4 and not target.has_convolutions(inputs.dtype):
        return portable_convolution.in_float32(conv2d, inputs, kernel, stride, rate)
    if winograd.applies(inputs, kernel, stride, rate):
        return winograd.conv2d(inputs, kernel, _conv2d)
    return _conv2d(inputs, kernel, stride, rate)


def _conv2d(inputs, kernel, stride=1, rate=1):
    """The convolution, multiplication for multiplication."""
    one_group = inputs.shape[-1] == kernel.shape[2]
    convolve = functools.partial(_convolve, stride=stride, rate=rate)
    if one_group and cpu_convolution.applies(inputs, kernel):
        return cpu_convolution.conv2d(inputs, kernel, stride, rate, convolve)
    parts = _parts(inputs, kernel) if one_group and stride == 1 else [kernel]
    outputs = [convolve(inputs, part) for part in parts]
    return tf.concat(outputs, -1) if len(outputs) > 1 else outputs[0]


def _convolve(inputs, kernel, stride, rate):
    """The convolution in one piece."""
    if stride > 1:
        return tf.nn.conv2d(_pad(inputs, kernel), kernel, stride, "VALID")
    one_group = inputs.shape[-1] == kernel.shape[2]
    plain = tf.nn.conv2d if one_group and rate == 1 else portable_convolution.conv2d
    return plain(inputs, kernel, 1, "SAME", dilations=rate)


def _parts(inputs, kernel):
    """Splits a large kernel by its output channels.

    Each part stays in the cache, and where there are several images, as in training, which gives
    each operation one core, the parts keep all of them busy.
    """
    size = kernel.shape.num_elements() * kernel.dtype.size
    part_channels = _PART_BYTES // kernel.dtype.size
    is_large = size > (_LARGE_KERNEL_BYTES if inputs.shape[0] == 1 else _LARGE_KERNEL_BYTES // 2)
    if not is_large or kernel.shape[0] == 1 or kernel.shape[3] % part_channels:
        return [kernel]
    return tf.split(kernel, kernel.shape[3] // part_channels, axis=-1)


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
    padding = "SAME"
    if stride > 1:
        inputs, padding = _pad(inputs, kernel), "VALID"

    def convolve(inputs, kernel):
        strides = [1, stride, stride, 1]
        return tf.nn.depthwise_conv2d(inputs, kernel, strides, padding, dilations=[rate, rate])

    if inputs.dtype == tf.float32 or target.on_tpu():
        return convolve(inputs, kernel)
    if not target.has_convolutions(inputs.dtype):
        return portable_convolution.in_float32(convolve, inputs, kernel)
    # On CPU the gradient of a kernel larger than 3x3 takes four times as long in bfloat16.
    return portable_convolution.with_float32_gradient(convolve)(inputs, kernel)


def _pad(inputs, kernel):
    # On CPU the gradient of a convolution with explicit padding misses the fast kernels.
    margins = [[size // 2, size // 2] for size in kernel.shape[:2]]
    return tf.pad(inputs, [[0, 0], *margins, [0, 0]])
