"""Convolutions with fewer multiplications are the same convolutions."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.kernels import convolution, target, winograd
from tests.core.kernels import test_cpu_convolution, test_ways


def same(images, kernel):
    return tf.nn.conv2d(images, kernel, 1, "SAME")


def made(height, width, channels=(6, 4), dtype=tf.float64):
    shapes = [2, height, width, channels[0]], [3, 3, *channels], [2, height, width, channels[1]]
    return [
        tf.random.stateless_normal(shape, [0, i], dtype=dtype) for i, shape in enumerate(shapes)
    ]


def outputs_and_gradients(convolve, images, kernel, upstream):
    with tf.GradientTape() as tape:
        tape.watch([images, kernel])
        outputs = convolve(images, kernel)
    return [outputs, *tape.gradient(outputs, [images, kernel], upstream)]


def by_pairs(images, kernel):
    return winograd.conv2d(images, kernel, 1, 1, same)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (3, 2), (8, 9), (9, 8)])
@pytest.mark.parametrize("is_static", [True, False])
def test_outputs_and_gradients(height, width, is_static):
    arguments = made(height, width)
    images, kernel, upstream = (tf.TensorSpec(array.shape, array.dtype) for array in arguments)
    if not is_static:
        images, upstream = (
            tf.TensorSpec([None, None, None, spec.shape[-1]], spec.dtype)
            for spec in (images, upstream)
        )
    function = tf.function(functools.partial(outputs_and_gradients, by_pairs), autograph=False)
    found = function.get_concrete_function(images, kernel, upstream)(*arguments)
    for own, usual in zip(found, outputs_and_gradients(same, *arguments), strict=True):
        np.testing.assert_allclose(own, usual, rtol=1e-12, atol=1e-12)


def test_rounds_no_more_than_a_convolution():
    single = made(21, 20, (256, 128), tf.float32)
    expected = outputs_and_gradients(same, *[tf.cast(array, tf.float64) for array in single])
    own = outputs_and_gradients(by_pairs, *single)
    usual = outputs_and_gradients(same, *single)
    for *arrays, right in zip(own, usual, expected, strict=True):
        own_error, usual_error = (np.std(array.numpy() - right.numpy()) for array in arrays)
        assert 0 < own_error < 1.1 * usual_error


@pytest.mark.parametrize(
    ("shape", "stride", "rate", "dtype"),
    [
        ((3, 3, 256, 64), 1, 1, tf.float32),
        ((3, 3, 64, 256), 1, 1, tf.float32),
        ((5, 5, 256, 256), 1, 1, tf.float32),
        ((1, 1, 256, 256), 1, 1, tf.float32),
        ((3, 3, 256, 256), 2, 1, tf.float32),
        ((3, 3, 256, 256), 1, 2, tf.float32),
        ((3, 3, 128, 256), 1, 1, tf.float32),
        ((3, 3, 256, 256), 1, 1, tf.bfloat16),
    ],
)
def test_others_are_left_alone(shape, stride, rate, dtype):
    arguments = tf.zeros([1, 8, 8, 256], dtype), tf.zeros(shape, dtype), stride, rate
    assert winograd.conv2d not in test_ways.ways_of(*arguments)
    assert winograd.conv2d in test_ways.ways_of(
        tf.zeros([1, 8, 8, 256]), tf.zeros([3, 3, 256, 256])
    )


def test_graphs_for_other_machines_are_the_usual_ones():
    images, kernel = tf.zeros([1, 8, 9, 256]), tf.zeros([3, 3, 256, 256])
    convolve = functools.partial(test_cpu_convolution.operation_types, convolution.conv2d)
    # The rows of each pair are packed at the end.
    assert "Pack" in convolve(images, kernel)
    with target.other_machines():
        assert "Pack" not in convolve(images, kernel)
