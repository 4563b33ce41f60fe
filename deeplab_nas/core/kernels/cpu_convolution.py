"""Convolutions on CPUs for which oneDNN has no direct kernels of TensorFlow's memory layout.

These are CPUs without AVX-512. There oneDNN unfolds an image, every pixel with all its neighbours,
and multiplies matrices: one image by one thread, kernels' gradients at a third of the CPU's speed,
and from 1 GiB of unfolded pixels on by a loop without vectors. TensorFlow's own kernels (Eigen's)
unfold as they go.
"""

import functools

import tensorflow as tf


def conv2d(inputs, kernel, stride, rate, convolve):
    """Applies a function that convolves, by TensorFlow's own kernels.

    Args:
        inputs: `[batch, height, width, in_channels]`.
        kernel: `[kernel_height, kernel_width, in_channels, out_channels]`, both odd.
        stride: Step in pixels.
        rate: Atrous rate.
        convolve: Function of `inputs` and `kernel`, centred on the input: what it returns is what
            comes back, but for rounding.

    Returns:
        `[batch, ceil(height / stride), ceil(width / stride), out_channels]`.
    """
    geometry = _geometry(kernel, stride, rate)

    @tf.custom_gradient
    def apply(inputs, kernel):
        outputs = tf.raw_ops.Conv(
            input=inputs, filter=kernel, dilations=[1, rate, rate, 1], **geometry
        )
        return outputs, functools.partial(_gradient, inputs, kernel, rate, geometry, convolve)

    return apply(inputs, kernel)


def with_kernel_gradient(inputs, kernel, stride, rate, convolve):
    """As `conv2d`, but TensorFlow's own kernels compute the kernel's gradient alone."""
    geometry = _geometry(kernel, stride, rate)

    @tf.custom_gradient
    def apply(inputs, kernel):
        outputs = convolve(inputs, kernel)
        return outputs, functools.partial(_gradient, inputs, kernel, rate, geometry, convolve)

    return apply(inputs, kernel)


def _gradient(inputs, kernel, rate, geometry, convolve, upstream):
    sources = [inputs, kernel] if rate > 1 else [inputs]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs = convolve(inputs, kernel)
    found = tape.gradient(outputs, sources, upstream)
    if rate == 1:
        found.append(
            tf.raw_ops.Conv2DBackpropFilter(
                input=inputs, filter_sizes=kernel.shape, out_backprop=upstream, **geometry
            )
        )
    return found


def _geometry(kernel, stride, rate):
    margins = [rate * (size // 2) for size in kernel.shape[:2] for _ in range(2)]
    # With explicit margins TensorFlow keeps to its own kernels of gradients.
    return {
        "strides": [1, stride, stride, 1],
        "padding": "EXPLICIT",
        "explicit_paddings": [0, 0, *margins, 0, 0],
    }
