"""Atrous and grouped convolutions that can be trained on every device.

On CPU, TensorFlow has their gradients in oneDNN only: not on macOS, not where oneDNN is turned off,
and in bfloat16 and float16 only with AVX-512. A TPU has grouped ones in parts.
"""

import functools

import tensorflow as tf

from deeplab_nas.core import grouped_convolution


def conv2d(inputs, kernel, strides, padding, dilations):
    """`tf.nn.conv2d`, by way of other operations where that has no gradient.

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
    if grouped_convolution.on_tpu():
        return grouped_convolution.in_dense_parts(inputs, kernel, plain)
    if _has_gradients(inputs.dtype):
        return plain(inputs, kernel)
    if inputs.dtype != tf.float32:
        wide = functools.partial(conv2d, strides=strides, padding=padding, dilations=dilations)
        return with_float32_gradient(plain, wide)(inputs, kernel)
    groups = inputs.shape[-1] // kernel.shape[2]
    # tf.nn.convolution moves the pixels of an atrous convolution together and back apart.
    outputs = [
        tf.nn.convolution(part, own_kernel, strides, padding, dilations=dilations)
        for part, own_kernel in zip(
            tf.split(inputs, groups, -1), tf.split(kernel, groups, -1), strict=True
        )
    ]
    return tf.concat(outputs, -1)


def with_float32_gradient(function, wide=None):
    """Gives a function of low precision tensors a gradient that is computed in float32.

    Args:
        function: Function of tensors.
        wide: The same function for float32 tensors, if that is another one.

    Returns:
        The function.
    """
    wide = wide or function

    @tf.custom_gradient
    def wrapped(*arguments):
        def gradient(upstream):
            cast = [tf.cast(argument, tf.float32) for argument in arguments]
            with tf.GradientTape() as tape:
                tape.watch(cast)
                outputs = wide(*cast)
            gradients = tape.gradient(outputs, cast, tf.cast(upstream, tf.float32))
            return [tf.cast(gradient, upstream.dtype) for gradient in gradients]

        return function(*arguments), gradient

    return wrapped


@functools.cache
def _has_gradients(dtype):
    """Whether convolutions of both kinds have gradients here; asked of the CPU, if it computes."""
    if tf.config.list_physical_devices("GPU"):
        return True
    with tf.init_scope(), tf.device("/cpu:0"):
        pixels = tf.ones([1, 5, 5, 2], dtype)
        try:
            for in_channels, rate in ((2, 2), (1, 1)):
                # The operation itself: nothing is recorded on a tape in this scope.
                tf.raw_ops.Conv2DBackpropFilter(
                    input=pixels,
                    filter_sizes=[3, 3, in_channels, 2],
                    out_backprop=pixels,
                    strides=[1, 1, 1, 1],
                    padding="SAME",
                    dilations=[1, rate, rate, 1],
                )
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            return False
    return True
