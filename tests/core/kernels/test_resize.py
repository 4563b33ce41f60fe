"""Both resizes agree with TensorFlow's kernel and with each other, to the second derivative."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.kernels import resize

SIZES = [
    ((7, 9), (13, 5)),
    ((1, 1), (4, 6)),
    ((8, 8), (1, 1)),
    ((1, 5), (3, 5)),
    ((16, 5), (31, 5)),
]


def derivatives(function, images, size):
    """The output, and the first two derivatives of functions of it."""
    with tf.GradientTape() as outer:
        outer.watch(images)
        with tf.GradientTape() as inner:
            inner.watch(images)
            outputs = function(images, size)
            loss = tf.reduce_sum(outputs**4)
        first = inner.gradient(loss, images)
        square = tf.reduce_sum(first**2)
    return outputs, first, outer.gradient(square, images)


@pytest.mark.parametrize(("source", "target"), SIZES)
def test_kernel_and_matrices_agree(source, target):
    images = tf.random.stateless_normal([2, *source, 3], [0, 1])
    by_kernel = derivatives(resize.resize_by_kernel, images, target)
    by_matrices = derivatives(resize.resize_bilinear, images, target)
    for a, b in zip(by_kernel, by_matrices, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * np.max(np.abs(b)))


def test_dynamic_sizes_and_types():
    function = tf.function(
        lambda images: resize.resize_by_kernel(images, resize.scaled_size(images, 2.0)),
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.bfloat16)],
    )
    images = tf.cast(tf.random.stateless_normal([2, 4, 5, 3], [0, 1]), tf.bfloat16)
    outputs = function(images)
    assert outputs.dtype == tf.bfloat16
    expected = resize.resize_bilinear(tf.cast(images, tf.float32), (7, 9))
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), expected, rtol=1e-2, atol=1e-2)


def test_the_same_size_is_the_identity():
    images = tf.random.stateless_normal([1, 4, 5, 3], [0, 1])
    assert resize.resize_by_kernel(images, (4, 5)) is images
    same = resize.resize_by_kernel(images, tf.unstack(tf.shape(images)[1:3]))
    np.testing.assert_array_equal(same, images)


@pytest.mark.parametrize("dimension", [1, 2, 16, 17, 321])
def test_scale_dimension_truncates_alike_for_tensors(dimension):
    for scale in (0.25, 0.5, 2.0):
        expected = int((dimension - 1) * scale + 1)
        assert resize.scale_dimension(dimension, scale) == expected
        assert int(resize.scale_dimension(tf.constant(dimension), scale)) == expected
