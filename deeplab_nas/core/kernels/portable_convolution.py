"""Convolutions that can be trained where TensorFlow lacks their gradients or has them wrong.

On CPU it does not always have those of atrous and grouped convolutions; see
`target.has_convolutions`. The arguments are those of `ways.Way`.
"""

import tensorflow as tf

# Numbers in a vector of oneDNN's, in which it computes the gradients of kernels.
VECTOR_CHANNELS = 16


def group_by_group(inputs, kernel, stride, rate, convolve):
    """Convolves atrous or grouped, with stride 1, by way of plain convolutions."""
    groups = inputs.shape[-1] // kernel.shape[2]
    parts = zip(tf.split(inputs, groups, -1), tf.split(kernel, groups, -1), strict=True)
    # tf.nn.convolution moves the pixels of an atrous convolution together and back apart.
    outputs = [tf.nn.convolution(part, own, 1, "SAME", dilations=rate) for part, own in parts]
    return tf.concat(outputs, -1)


def in_float32(inputs, kernel, stride, rate, convolve):
    """Convolves tensors of low precision in float32; the outputs are of their precision again."""
    outputs = convolve(tf.cast(inputs, tf.float32), tf.cast(kernel, tf.float32))
    return tf.cast(outputs, inputs.dtype)


def in_whole_vectors(inputs, kernel, stride, rate, convolve):
    """Gives a convolution the gradients of one whose input channels fill vectors.

    On CPUs with AVX-512 and without AMX, oneDNN's own gradient of an atrous kernel in bfloat16
    otherwise multiplies zeros by memory that it has not written, and reads on behind its end: it is
    not a number, or the process ends.
    """

    @tf.custom_gradient
    def apply(inputs, kernel):
        def gradient(upstream):
            none, more = [0, 0], [0, -kernel.shape[2] % VECTOR_CHANNELS]
            with tf.GradientTape() as tape:
                tape.watch([inputs, kernel])
                outputs = convolve(
                    tf.pad(inputs, [none, none, none, more]),
                    tf.pad(kernel, [none, none, more, none]),
                )
            return tape.gradient(outputs, [inputs, kernel], upstream)

        return convolve(inputs, kernel), gradient

    return apply(inputs, kernel)


def with_float32_gradient(inputs, kernel, stride, rate, convolve):
    """Gives a convolution of low precision a gradient that is computed in float32.

    On CPU the gradient of a depthwise kernel larger than 3x3 takes four times as long in bfloat16.
    """

    @tf.custom_gradient
    def apply(inputs, kernel):
        def gradient(upstream):
            cast = [tf.cast(argument, tf.float32) for argument in (inputs, kernel)]
            with tf.GradientTape() as tape:
                tape.watch(cast)
                outputs = convolve(*cast)
            gradients = tape.gradient(outputs, cast, tf.cast(upstream, tf.float32))
            return [tf.cast(gradient, upstream.dtype) for gradient in gradients]

        return convolve(inputs, kernel), gradient

    return apply(inputs, kernel)
