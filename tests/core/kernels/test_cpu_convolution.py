"""The kernels for CPUs without AVX-512 give what TensorFlow's usual ones give."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.kernels import convolution, target


def operation_types(function, *specs):
    graph = tf.function(function, autograph=False).get_concrete_function(*specs).graph
    return {operation.type for operation in graph.get_operations()}


def outputs_and_gradients(convolve, batch, size, stride, rate):
    images = tf.random.stateless_normal([batch, 9, 12, 4], [0, 1])
    kernel = tf.random.stateless_normal([size, size, 4, 6], [0, 2])
    with tf.GradientTape() as tape:
        tape.watch([images, kernel])
        outputs = convolve(images, kernel, stride, rate)
    weights = tf.random.stateless_normal(outputs.shape, [0, 3])
    return [outputs, *tape.gradient(outputs, [images, kernel], weights)]


def plain(images, kernel, stride, rate):
    """TensorFlow's convolution, of which a stride takes every second output."""
    return tf.nn.conv2d(images, kernel, 1, "SAME", dilations=rate)[:, ::stride, ::stride]


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize(("stride", "rate"), [(1, 1), (2, 1), (1, 2), (1, 6)])
def test_outputs_and_gradients(batch, size, stride, rate, monkeypatch):
    expected = outputs_and_gradients(plain, batch, size, stride, rate)
    monkeypatch.setattr(target, "has_direct_convolutions", lambda: False)
    found = outputs_and_gradients(convolution.conv2d, batch, size, stride, rate)
    for own, usual in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, usual, rtol=1e-4, atol=1e-5 * np.max(np.abs(usual)))


@pytest.mark.parametrize(
    ("batch", "side", "channels", "own"),
    [
        (1, 9, 4, True),
        (2, 9, 4, False),
        (2, 1025, 32, True),
        (2, None, 4, True),
        (None, 9, 4, True),
    ],
)
def test_what_onednn_would_unfold_badly_is_not_left_to_it(batch, side, channels, own, monkeypatch):
    monkeypatch.setattr(target, "has_direct_convolutions", lambda: False)
    images = tf.TensorSpec([batch, side, side, channels])
    kernel = tf.TensorSpec([3, 3, channels, 8])
    types = operation_types(convolution.conv2d, images, kernel)
    assert ("Conv" in types) == own


def test_graphs_for_other_machines_are_the_usual_ones(monkeypatch):
    monkeypatch.setattr(target, "_has_cpu_convolutions", lambda dtype: dtype == tf.float32)
    images, kernel = tf.TensorSpec([1, 9, 9, 4]), tf.TensorSpec([3, 3, 4, 8])
    half = [tf.TensorSpec(spec.shape, tf.bfloat16) for spec in (images, kernel)]
    types = functools.partial(operation_types, convolution.conv2d)
    assert "Conv" in types(images, kernel)
    assert "Cast" in types(*half)
    with target.other_machines():
        assert "Conv2D" in types(images, kernel)
        assert "Cast" not in types(*half)
    assert "Conv" in types(images, kernel)
