"""Convolution: where a strided one looks, groups, and the bounds of the initialiser."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import convolution


@pytest.mark.parametrize("size", [7, 8])
def test_strided_convolution_is_the_plain_one_at_every_second_pixel(size):
    rng = np.random.default_rng(0)
    inputs = tf.constant(rng.normal(size=[1, size, size + 1, 2]), tf.float32)
    kernel = tf.constant(rng.normal(size=[3, 3, 2, 4]), tf.float32)
    expected = convolution.conv2d(inputs, kernel)[:, ::2, ::2]
    np.testing.assert_allclose(convolution.conv2d(inputs, kernel, stride=2), expected, atol=1e-5)


def test_a_kernel_of_few_channels_is_a_grouped_convolution():
    rng = np.random.default_rng(1)
    inputs = tf.constant(rng.normal(size=[2, 6, 5, 6]), tf.float32)
    kernel = tf.constant(rng.normal(size=[3, 3, 2, 9]), tf.float32)
    groups = [
        tf.nn.conv2d(part, filters, 1, "SAME", dilations=2)
        for part, filters in zip(tf.split(inputs, 3, -1), tf.split(kernel, 3, -1), strict=True)
    ]
    actual = convolution.conv2d(inputs, kernel, rate=2)
    np.testing.assert_allclose(actual, tf.concat(groups, -1), atol=1e-5)


def test_initialiser_is_uniform_up_to_one_over_the_root_of_the_fan_in():
    values = convolution.fan_in_uniform(25)([100, 100]).numpy()
    assert np.abs(values).max() <= 0.2
    np.testing.assert_allclose(values.std(), 0.2 / np.sqrt(3), rtol=0.02)
