"""Strided convolutions are centred, large ones whole; low precision has float32's gradient."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.kernels import convolution, plain_convolution, target
from tests.core.kernels import test_ways


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


@pytest.mark.parametrize("size", [(7, 1), (1, 5), (3, 5)])
def test_rectangular_kernels_are_centred(size):
    images = tf.random.stateless_normal([1, 9, 8, 4], [0, 1])
    kernel = tf.random.stateless_normal([*size, 4, 6], [0, 2])
    expected = tf.nn.conv2d(images, kernel, 1, "SAME")
    for stride in (1, 2):
        np.testing.assert_allclose(
            convolution.conv2d(images, kernel, stride),
            expected[:, ::stride, ::stride],
            rtol=1e-4,
            atol=1e-5,
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


@pytest.mark.parametrize(
    ("batch", "dtype", "parts"),
    [(1, tf.float32, 4), (2, tf.float32, 4), (1, tf.bfloat16, 1), (2, tf.bfloat16, 2)],
)
def test_parts_are_as_large_as_the_cache_and_as_many_as_training_needs(batch, dtype, parts):
    images, kernel = tf.zeros([batch, 5, 6, 304], dtype), tf.zeros([3, 3, 304, 256], dtype)
    is_split = plain_convolution.in_parts in test_ways.ways_of(images, kernel, rate=2)
    assert (256 // plain_convolution.part_channels(dtype) if is_split else 1) == parts


@pytest.mark.parametrize("groups", [1, 4])
def test_a_large_kernel_is_applied_in_parts(groups, monkeypatch):
    monkeypatch.setattr(target, "has_direct_convolutions", lambda: True)
    images = tf.random.stateless_normal([1, 5, 6, 256 * groups], [0, 1])
    kernel = tf.random.stateless_normal([3, 3, 256, 64 * 4], [0, 2])
    sources = [images, kernel]

    def outputs_and_gradients(convolve):
        graph = tf.function(convolve).get_concrete_function(*sources).graph
        count = sum(operation.type == "Conv2D" for operation in graph.get_operations())
        with tf.GradientTape() as tape:
            tape.watch(sources)
            outputs = convolve(*sources)
        return count, [outputs, *tape.gradient(outputs, sources, outputs)]

    whole = outputs_and_gradients(lambda *args: tf.nn.conv2d(*args, 1, "SAME", dilations=2))
    parts = outputs_and_gradients(lambda *args: convolution.conv2d(*args, rate=2))
    assert (whole[0], parts[0]) == (1, 4 if groups == 1 else 1)
    for found, expected in zip(parts[1], whole[1], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.max(np.abs(expected)))
