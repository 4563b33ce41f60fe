"""Convolutions on CPUs for which oneDNN has no direct kernels of TensorFlow's memory layout.

These are CPUs without AVX-512. There oneDNN unfolds an image, every pixel with all its neighbours,
and multiplies matrices: one image by one thread, kernels' gradients at a third of the CPU's speed,
and from 1 GiB of unfolded pixels on by a loop without vectors. TensorFlow's own kernels (Eigen's)
unfold as they go.
"""

import tensorflow as tf

from deeplab_nas.core.kernels import target

# oneDNN's bound on what it unfolds.
_UNFOLDED_BYTES = 2**30


def applies(inputs, kernel):
    """Whether this module's way is the faster one here for `convolution.conv2d` of these."""
    has_neighbours = inputs.dtype == tf.float32 and max(kernel.shape[:2]) > 1
    return has_neighbours and not target.has_direct_convolutions()


def conv2d(inputs, kernel, stride, rate, convolve):
    """Applies a function that convolves, by other kernels where these are faster.

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
    margins = [rate * (size // 2) for size in kernel.shape[:2] for _ in range(2)]
    # With explicit margins TensorFlow keeps to its own kernels of gradients.
    geometry = {
        "strides": [1, stride, stride, 1],
        "padding": "EXPLICIT",
        "explicit_paddings": [0, 0, *margins, 0, 0],
    }
    left_to_onednn = _is_left_to_onednn(inputs, kernel, stride)

    @tf.custom_gradient
    def apply(inputs, kernel):
        def gradient(upstream):
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

        if left_to_onednn:
            return convolve(inputs, kernel), gradient
        dilations = [1, rate, rate, 1]
        outputs = tf.raw_ops.Conv(input=inputs, filter=kernel, dilations=dilations, **geometry)
        return outputs, gradient

    return apply(inputs, kernel)


def _is_left_to_onednn(inputs, kernel, stride):
    """Whether there are images for several threads, known to be small enough to be unfolded."""
    batch, height, width, channels = inputs.shape
    if batch == 1 or None in (batch, height, width):
        return False
    pixels = (height // stride) * (width // stride)
    taps = kernel.shape[0] * kernel.shape[1] * channels
    return pixels * taps * inputs.dtype.size < _UNFOLDED_BYTES
