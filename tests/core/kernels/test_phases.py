"""An atrous convolution is a plain one between `split` and `merge`."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.kernels import phases


@pytest.mark.parametrize("rate", [1, 2, 3])
@pytest.mark.parametrize("size", [(8, 6), (7, 9), (5, 4), (1, 1), (2, 3)])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_a_plain_convolution_between_is_an_atrous_one(rate, size, kernel_size):
    rng = np.random.default_rng(0)
    images = tf.constant(rng.normal(size=[2, *size, 3]), tf.float32)
    kernel = tf.constant(rng.normal(size=[kernel_size, kernel_size, 3, 4]), tf.float32)
    convolved = tf.nn.conv2d(phases.split(images, rate), kernel, 1, "SAME")
    found = phases.merge(convolved, rate, size)
    margin = rate * (kernel_size // 2)
    padded = np.pad(images, [(0, 0), (margin, margin), (margin, margin), (0, 0)])
    expected = sum(
        padded[:, i * rate : i * rate + size[0], j * rate : j * rate + size[1]] @ kernel[i, j]
        for i in range(kernel_size)
        for j in range(kernel_size)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_dynamic_sizes_come_back_whole():
    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 2])])
    def there_and_back(images):
        size = tf.unstack(tf.shape(images)[1:3])
        return phases.merge(phases.split(images, 2), 2, size)

    for height, width in [(5, 4), (1, 7)]:
        images = tf.random.stateless_normal([2, height, width, 2], [0, 1])
        np.testing.assert_array_equal(there_and_back(images), images)
