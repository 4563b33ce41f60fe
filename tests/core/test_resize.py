"""Resize: TensorFlow's own kernel as the oracle, and the derivatives that the kernel lacks."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import resize


@pytest.mark.parametrize(
    ("dimension", "scale", "expected"),
    [(321, 0.25, 81), (81, 4, 321), (41, 0.5, 21), (64, 0.5, 32), (32, 2, 63), (1, 0.5, 1)],
)
def test_scale_dimension_truncates(dimension, scale, expected):
    assert resize.scale_dimension(dimension, scale) == expected
    assert int(resize.scale_dimension(tf.constant(dimension), scale)) == expected


@pytest.mark.parametrize("size", [(9, 13), (17, 25), (5, 7), (1, 1), (2, 30), (9, 4)])
def test_equals_the_align_corners_kernel(size):
    images = np.random.default_rng(0).normal(size=[2, 9, 13, 3]).astype(np.float32)
    expected = tf.compat.v1.image.resize_bilinear(images, size, align_corners=True)
    np.testing.assert_allclose(resize.resize_bilinear(tf.constant(images), size), expected, atol=1e-5)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([2], tf.int32)])
    def dynamic(images, size):
        return resize.resize_bilinear(images, (size[0], size[1]))

    np.testing.assert_allclose(dynamic(images, size), expected, atol=1e-5)


def test_one_pixel_spreads_over_the_target():
    images = tf.constant([[[[2.0], [4.0]]]])
    np.testing.assert_allclose(
        resize.resize_bilinear(images, (2, 3))[0, ..., 0], [[2, 3, 4], [2, 3, 4]], atol=1e-6
    )


def test_second_derivative_equals_a_finite_difference():
    images = tf.constant(np.random.default_rng(1).normal(size=[1, 5, 4, 1]), tf.float64)
    direction = tf.constant(np.random.default_rng(2).normal(size=[1, 5, 4, 1]), tf.float64)

    def gradient(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            loss = tf.reduce_sum(tf.sin(resize.resize_bilinear(values, (9, 7))) ** 2)
        return tape.gradient(loss, values)

    with tf.GradientTape() as tape:
        tape.watch(images)
        along = tf.reduce_sum(gradient(images) * direction)
    product = tape.gradient(along, images)
    step = 1e-5
    difference = gradient(images + step * direction) - gradient(images - step * direction)
    np.testing.assert_allclose(product, difference / (2 * step), rtol=1e-4, atol=1e-6)
