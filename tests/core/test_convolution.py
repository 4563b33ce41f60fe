"""Strided convolutions are centred; low precision has the gradient of float32."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import convolution


@pytest.mark.parametrize("side", [1, 2, 8, 9])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_stride_takes_every_second_output(side, size):
    images = tf.random.stateless_normal([1, side, side + 1, 4], [0, 1])
    kernel = tf.random.stateless_normal([size, size, 4, 6], [0, 2])
    for function, weights in (
        (convolution.conv2d, kernel),
        (convolution.depthwise_conv2d, kernel[..., :1]),
    ):
        every = function(images, weights)
        np.testing.assert_allclose(
            function(images, weights, stride=2), every[:, ::2, ::2], rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_gradient_in_bfloat16(stride):
    images = tf.random.stateless_normal([2, 9, 8, 4], [0, 1])
    kernel = tf.random.stateless_normal([5, 5, 4, 1], [0, 2])

    def gradients(dtype):
        sources = [tf.cast(images, dtype), tf.cast(kernel, dtype)]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            outputs = convolution.depthwise_conv2d(*sources, stride)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32))
        found = tape.gradient(loss, sources)
        assert [gradient.dtype for gradient in found] == [dtype, dtype]
        return [tf.cast(gradient, tf.float32) for gradient in found]

    for low, exact in zip(gradients(tf.bfloat16), gradients(tf.float32), strict=True):
        np.testing.assert_allclose(low, exact, rtol=2e-2, atol=2e-2 * np.max(np.abs(exact)))
