"""Atrous and grouped convolutions that can be trained on every device.

On CPU, TensorFlow does not always have their gradients (see `target.has_convolutions`), or has them
wrong. A TPU has grouped ones in parts.
"""

import functools

import tensorflow as tf

from deeplab_nas.core.kernels import grouped_convolution, target

# Numbers in a vector of oneDNN's, in which it computes the gradients of kernels.
_VECTOR_CHANNELS = 16


def conv2d(inputs, kernel, strides, padding, dilations):
    """`tf.nn.conv2d`, by way of other operations where that has no right gradient.

    Args:
        inputs: `[batch, height, width, groups * in_channels]`.
        kernel: `[size, size, in_channels, out_channels]`.
        strides: 1.
        padding: `SAME`.
        dilations: Atrous rate.

    Returns:
        `[batch, height, width, out_channels]`.
    """
    plain = functools.partial(tf.nn.conv2d, strides=strides, padding=padding, dilations=dilations)
    if target.on_tpu():
        return grouped_convolution.in_dense_parts(inputs, kernel, plain)
    groups = inputs.shape[-1] // kernel.shape[2]
    if target.has_convolutions(inputs.dtype):
        has_fault = inputs.dtype.size < 4 and groups == 1 and inputs.shape[-1] % _VECTOR_CHANNELS
        if has_fault and target.on_this_cpu():
            return _with_gradient_in_whole_vectors(plain)(inputs, kernel)
        return plain(inputs, kernel)
    if inputs.dtype.size < 4:
        return in_float32(conv2d, inputs, kernel, strides, padding, dilations)
    # tf.nn.convolution moves the pixels of an atrous convolution together and back apart.
    outputs = [
        tf.nn.convolution(part, own_kernel, strides, padding, dilations=dilations)
        for part, own_kernel in zip(
            tf.split(inputs, groups, -1), tf.split(kernel, groups, -1), strict=True
        )
    ]
    return tf.concat(outputs, -1)


def in_float32(convolve, inputs, kernel, *args):
    """Convolves tensors of low precision in float32; the outputs are of their precision again."""
    outputs = convolve(tf.cast(inputs, tf.float32), tf.cast(kernel, tf.float32), *args)
    return tf.cast(outputs, inputs.dtype)


def _with_gradient_in_whole_vectors(convolve):
    """Gives a convolution the gradients of one whose input channels fill vectors.

    On CPUs with AVX-512 and without AMX, oneDNN's own gradient of an atrous kernel in bfloat16
    otherwise multiplies zeros by memory that it has not written, and reads on behind its end: it is
    not a number, or the process ends.

    Args:
        convolve: Function of inputs `[batch, height, width, in_channels]` and a kernel
            `[size, size, in_channels, out_channels]`.

    Returns:
        The function.
    """

    @tf.custom_gradient
    def wrapped(inputs, kernel):
        def gradient(upstream):
            none, more = [0, 0], [0, -kernel.shape[2] % _VECTOR_CHANNELS]
            with tf.GradientTape() as tape:
                tape.watch([inputs, kernel])
                outputs = convolve(
                    tf.pad(inputs, [none, none, none, more]),
                    tf.pad(kernel, [none, none, more, none]),
                )
            return tape.gradient(outputs, [inputs, kernel], upstream)

        return convolve(inputs, kernel), gradient

    return wrapped


def with_float32_gradient(function):
    """Gives a function of low precision tensors a gradient that is computed in float32.

    Args:
        function: Function of tensors.

    Returns:
        The function.
    """

    @tf.custom_gradient
    def wrapped(*arguments):
        def gradient(upstream):
            cast = [tf.cast(argument, tf.float32) for argument in arguments]
            with tf.GradientTape() as tape:
                tape.watch(cast)
                outputs = function(*cast)
            gradients = tape.gradient(outputs, cast, tf.cast(upstream, tf.float32))
            return [tf.cast(gradient, upstream.dtype) for gradient in gradients]

        return function(*arguments), gradient

    return wrapped
