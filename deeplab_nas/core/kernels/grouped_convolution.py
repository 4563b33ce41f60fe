"""Grouped convolution as dense ones, for a TPU, which has no fast kernels of its own for groups."""

import tensorflow as tf

# A TPU multiplies matrices of 128 x 128: narrower ones cost it as much.
_CHANNELS_AT_A_TIME = 128


def in_dense_parts(inputs, kernel, stride, rate, convolve):
    """Applies a grouped convolution, as many whole groups at a time as a TPU multiplies at once.

    Args:
        inputs: `[batch, height, width, groups * in_channels]`.
        kernel: `[size, size, in_channels, groups * out_channels]`.
        stride: 1.
        rate: Atrous rate.
        convolve: Function of inputs and a kernel of one group.

    Returns:
        What `convolve` would return of the whole, `[batch, *, *, groups * out_channels]`.
    """
    in_channels = kernel.shape[2]
    groups = inputs.shape[-1] // in_channels
    out_channels = kernel.shape[3] // groups
    at_a_time = min(groups, max(1, _CHANNELS_AT_A_TIME // in_channels))
    sizes = [at_a_time] * (groups // at_a_time)
    if groups % at_a_time:
        sizes.append(groups % at_a_time)
    parts = tf.split(inputs, [size * in_channels for size in sizes], -1)
    kernels = tf.split(kernel, [size * out_channels for size in sizes], -1)
    outputs = [
        convolve(part, _block_diagonal(own_kernel, size))
        for part, own_kernel, size in zip(parts, kernels, sizes, strict=True)
    ]
    return tf.concat(outputs, -1)


def _block_diagonal(kernel, groups):
    """A kernel `[size, size, groups * in_channels, groups * out_channels]`, zero between groups."""
    if groups == 1:
        return kernel
    blocks = tf.eye(groups, dtype=kernel.dtype)
    mask = tf.repeat(tf.repeat(blocks, kernel.shape[2], 0), kernel.shape[3] // groups, 1)
    return tf.tile(kernel, [1, 1, groups, 1]) * mask
