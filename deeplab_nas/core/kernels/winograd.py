"""Wide 3x3 convolutions with two thirds of the multiplications.

Two rows of the output take four products of rows instead of six: Winograd's F(2, 3) along the
height (Lavin and Gray, "Fast algorithms for convolutional neural networks", arXiv 1509.09308,
section 4.1). It rounds less than the convolution itself does; F(4, 3), with half of the
multiplications, rounds twice as much.
"""

import tensorflow as tf

from deeplab_nas.core.kernels import resize


def conv2d(inputs, kernel, stride, rate, convolve):
    """Applies a function that convolves, with fewer multiplications.

    Args:
        inputs: `[batch, height, width, in_channels]`.
        kernel: `[3, 3, in_channels, out_channels]`.
        stride: 1.
        rate: 1.
        convolve: Function of inputs and a kernel, which may also be `[1, 3, *, *]` and the other
            way round; it returns as many pixels as it is given, centred on them. What it returns
            of `inputs` and `kernel` is what comes back, but for rounding.

    Returns:
        `[batch, height, width, out_channels]`.
    """

    @tf.custom_gradient
    def apply(inputs, kernel):
        def gradient(upstream):
            # Of a kernel's gradient the sums would take longer than they spare.
            with tf.GradientTape() as tape:
                tape.watch(kernel)
                outputs = convolve(inputs, kernel)
            mirrored = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
            return (
                _convolve_pairs(upstream, mirrored, convolve),
                tape.gradient(outputs, kernel, upstream),
            )

        return _convolve_pairs(inputs, kernel, convolve), gradient

    return apply(inputs, kernel)


def _convolve_pairs(inputs, kernel, convolve):
    """The convolution, by pairs of output rows."""
    height, width = resize.image_size(inputs)
    pairs = (height + 1) // 2
    # Each is made of four input rows, from the one above it to the one below.
    margins = [[0, 0], [1, 2 * pairs + 1 - height], [0, 0], [0, 0]]
    rows = tf.reshape(tf.pad(inputs, margins), [-1, pairs + 1, 2, width, kernel.shape[2]])
    first, second, third, fourth = rows[:, :-1, 0], rows[:, :-1, 1], rows[:, 1:, 0], rows[:, 1:, 1]
    above, centre, below = (kernel[i : i + 1] for i in range(3))
    outer, inner = (above + below) / 2, centre / 2
    products = (
        convolve(first - third, above),
        convolve(second + third, outer + inner),
        convolve(third - second, outer - inner),
        convolve(second - fourth, below),
    )
    upper = products[0] + products[1] + products[2]
    lower = products[1] - products[2] - products[3]
    outputs = tf.reshape(tf.stack([upper, lower], 2), [-1, 2 * pairs, width, kernel.shape[3]])
    return outputs[:, :height]
