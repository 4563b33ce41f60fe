"""The ways in which a convolution is computed: the first row of a table that applies.

TensorFlow's own way is the last row. Whether another one is faster, or needed, depends on what is
convolved and on what the graph is traced for. Both are asked here, and nowhere else.
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from deeplab_nas.core.kernels import (
    cpu_convolution,
    grouped_convolution,
    plain_convolution,
    portable_convolution,
    target,
    winograd,
)

# With fewer, the sums take as long as the multiplications that they spare.
_WINOGRAD_CHANNELS = 128
# oneDNN's bound on what it unfolds.
_UNFOLDED_BYTES = 2**30
# Kernels that a core's second-level cache cannot hold beside the data run a third slower on CPU.
_LARGE_KERNEL_BYTES = 3 * 2**19


class Convolved(NamedTuple):
    """What is convolved, as far as it is known while a graph is traced.

    Attributes:
        inputs: Shape, `[batch, height, width, groups * in_channels]`; None for an unknown size.
        kernel: Shape, `[height, width, in_channels, out_channels]`.
        dtype: Of both.
        stride: Step in pixels.
        rate: Atrous rate.
    """

    inputs: tuple
    kernel: tuple
    dtype: tf.DType
    stride: int
    rate: int


class Way(NamedTuple):
    """A row of the table.

    Attributes:
        convolve: Function of inputs, kernel, stride, rate and a function of inputs and kernel,
            which convolves as the rows below do.
        what: Whether it is a way for a `Convolved`.
        where: Whether it is a way for a `Convolved` on what the graph is traced for.
    """

    convolve: Callable
    what: Callable
    where: Callable


def convolve(ways, inputs, kernel, stride, rate):
    """Convolves in the first way that applies.

    Args:
        ways: `FULL`, `DEPTHWISE` or the last rows of one.
        inputs: `[batch, height, width, groups * in_channels]`.
        kernel: `[height, width, in_channels, out_channels]`.
        stride: Step in pixels.
        rate: Atrous rate.

    Returns:
        `[batch, ceil(height / stride), ceil(width / stride), out_channels]`.
    """
    shapes = tuple(inputs.shape), tuple(kernel.shape)
    convolved = Convolved(*shapes, inputs.dtype, stride, rate)
    row = next(i for i, way in enumerate(ways) if way.what(convolved) and way.where(convolved))
    below = functools.partial(convolve, ways[row + 1 :], stride=stride, rate=rate)
    return ways[row].convolve(inputs, kernel, stride, rate, below)


def _always(convolved):
    return True


def _half(convolved):
    return convolved.dtype.size < 4


def _one_group(convolved):
    return convolved.inputs[3] == convolved.kernel[2]


def _groups(convolved):
    return not _one_group(convolved)


def _groups_or_atrous(convolved):
    return _groups(convolved) or convolved.rate > 1


def _strided(convolved):
    return convolved.stride > 1


def _wide_3x3(convolved):
    is_plain = convolved.kernel[:2] == (3, 3) and convolved.stride == convolved.rate == 1
    is_wide = min(convolved.kernel[2:]) >= _WINOGRAD_CHANNELS
    return is_plain and is_wide and _one_group(convolved) and convolved.dtype == tf.float32


def _neighbours(convolved):
    has_neighbours = convolved.dtype == tf.float32 and max(convolved.kernel[:2]) > 1
    return has_neighbours and _one_group(convolved)


def _unfolded_well(convolved):
    """Whether there are images for several threads, known to be small enough to be unfolded."""
    batch, height, width, channels = convolved.inputs
    if not _neighbours(convolved) or batch == 1 or None in (batch, height, width):
        return False
    pixels = (height // convolved.stride) * (width // convolved.stride)
    taps = math.prod(convolved.kernel[:2]) * channels
    return pixels * taps * convolved.dtype.size < _UNFOLDED_BYTES


def _unfolded_badly(convolved):
    return _neighbours(convolved) and not _unfolded_well(convolved)


def _large_kernel(convolved):
    """Whether the kernel outgrows the cache, which as many threads share as there are images."""
    parts = convolved.kernel[3] % plain_convolution.part_channels(convolved.dtype) == 0
    most = _LARGE_KERNEL_BYTES if convolved.inputs[0] == 1 else _LARGE_KERNEL_BYTES // 2
    is_large = math.prod(convolved.kernel) * convolved.dtype.size > most
    has_rows = convolved.kernel[0] > 1 and convolved.stride == 1
    return is_large and parts and has_rows and _one_group(convolved)


def _vectors_left_open(convolved):
    """Whether oneDNN's gradient of the kernel reads memory that was not written."""
    fills = convolved.inputs[3] % portable_convolution.VECTOR_CHANNELS == 0
    return _half(convolved) and _one_group(convolved) and convolved.rate > 1 and not fills


def _this_cpu(convolved):
    return target.on_this_cpu()


def _cpu_that_lacks_it(convolved):
    return not target.has_convolutions(convolved.dtype)


def _cpu_that_unfolds(convolved):
    return not target.has_direct_convolutions()


def _direct(convolved):
    return target.has_direct_convolutions()


def _tpu(convolved):
    return target.on_tpu()


def _no_tpu(convolved):
    return not target.on_tpu()


FULL = (
    # The way,                                  for what,           where.
    Way(portable_convolution.in_float32,        _half,              _cpu_that_lacks_it),
    Way(winograd.conv2d,                        _wide_3x3,          _this_cpu),
    Way(cpu_convolution.conv2d,                 _unfolded_badly,    _cpu_that_unfolds),
    Way(cpu_convolution.with_kernel_gradient,   _unfolded_well,     _cpu_that_unfolds),
    Way(plain_convolution.in_parts,             _large_kernel,      _direct),
    Way(plain_convolution.strided,              _strided,           _always),
    Way(grouped_convolution.in_dense_parts,     _groups,            _tpu),
    Way(portable_convolution.group_by_group,    _groups_or_atrous,  _cpu_that_lacks_it),
    Way(portable_convolution.in_whole_vectors,  _vectors_left_open, _this_cpu),
    Way(plain_convolution.conv2d,               _always,            _always),
)  # fmt: skip

DEPTHWISE = (
    Way(portable_convolution.in_float32,        _half,              _cpu_that_lacks_it),
    Way(portable_convolution.with_float32_gradient, _half,          _no_tpu),
    Way(plain_convolution.depthwise,            _always,            _always),
)  # fmt: skip
