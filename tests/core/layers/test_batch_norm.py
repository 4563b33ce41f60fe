"""Batch normalisation against its definition."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import head_layers, nas_operations
from deeplab_nas.core.layers import batch_norm


def made(channels=6, **options):
    layer = batch_norm.BatchNorm(**options)
    layer.build((None, None, None, channels))
    for i, variable in enumerate(layer.weights):
        variable.assign(tf.random.stateless_uniform(variable.shape, [0, i], 0.5, 1.5))
    return layer


def images(channels=6):
    return tf.random.stateless_normal([2, 3, 5, channels], [1, 1]) * 2.0 + 1.0


def normalized(values, mean, variance, layer):
    scale = layer.gamma.numpy() / np.sqrt(variance + layer.epsilon)
    return (values - mean) * scale + layer.beta.numpy()


def test_inference_uses_the_moving_statistics():
    layer = made(epsilon=1e-3)
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    expected = normalized(images().numpy(), mean, variance, layer)
    np.testing.assert_allclose(layer(images()), expected, rtol=1e-5, atol=1e-5)


def test_training_uses_and_keeps_the_statistics_of_the_batch():
    layer = made(decay=0.9, epsilon=1e-2)
    before = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    values = images().numpy()
    mean, variance = values.mean((0, 1, 2)), values.var((0, 1, 2))
    expected = normalized(values, mean, variance, layer)
    np.testing.assert_allclose(layer(images(), training=True), expected, rtol=1e-4, atol=1e-5)
    unbiased = values.var((0, 1, 2), ddof=1)
    np.testing.assert_allclose(layer.moving_mean, 0.9 * before[0] + 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0.9 * before[1] + 0.1 * unbiased, rtol=1e-5)


def test_a_frozen_layer_does_not_learn_from_the_batch():
    layer = made()
    layer.trainable = False
    before = layer.moving_mean.numpy()
    np.testing.assert_array_equal(layer(images(), training=True), layer(images()))
    np.testing.assert_array_equal(layer.moving_mean, before)


@pytest.mark.parametrize("channels", [6, 16])
def test_statistics_are_float32_in_mixed_precision(channels):
    low, exact = made(channels, dtype="mixed_bfloat16"), made(channels)
    outputs = low(images(channels), training=True)
    assert outputs.dtype == tf.bfloat16
    assert {variable.dtype for variable in low.weights} == {"float32"}
    expected = exact(images(channels), training=True)
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), expected, atol=0.05)
    np.testing.assert_allclose(low.moving_variance, exact.moving_variance, rtol=1e-3)


def test_one_value_a_channel_is_its_own_mean_without_a_variance():
    layer = made(decay=0.75)
    before = layer.moving_variance.numpy()
    outputs = layer(tf.ones([1, 1, 1, 6]), training=True)
    np.testing.assert_array_equal(outputs[0, 0, 0], layer.beta)
    np.testing.assert_allclose(layer.moving_variance, 0.75 * before, rtol=1e-6)


@pytest.mark.parametrize("kind", ["full", "separable", "depthwise"])
def test_folded_into_a_convolution_in_low_precision(kind):
    convolve = {
        "full": nas_operations.Convolution(6, (3, 3)),
        "separable": nas_operations.SeparableConvolution(6, (3, 3)),
        "depthwise": head_layers.HeadDepthwise(),
    }[kind]
    convolve.build((None, None, None, 6))
    convolve = getattr(convolve, "convolve", convolve)
    norm = made()
    low = batch_norm.convolve_and_normalize(
        convolve, norm, tf.cast(images(), tf.bfloat16), training=False
    )
    assert low.dtype == tf.bfloat16
    expected = norm(convolve(images()))
    # bfloat16 has steps of 1/128 to 1/256 of a value.
    atol = 0.02 * np.max(np.abs(expected))
    np.testing.assert_allclose(tf.cast(low, tf.float32), expected, atol=atol)
    assert np.ptp(expected) > 0.5
