"""Scales and mirror images are averaged; windows put an image together again."""

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies

from deeplab_nas.core import nas_genotypes
from deeplab_nas.engine.networks import inference
from tests.core import made_networks


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    architecture = nas_genotypes.Architecture(
        cell=(((0, "separable_3x3_2"), (1, "atrous_3x3")),), path=(0, 1)
    )
    network = made_networks.build(architecture, 4, 5)
    # Fresh logits are almost equal; larger ones tell mistakes.
    network.logits.kernel.assign(network.logits.kernel * 100.0)
    return network


def _images(*shape):
    return tf.random.stateless_uniform([*shape, 3], [0, 1], 0.0, 255.0)


def test_one_scale_is_the_softmax_of_the_model(model):
    images = _images(2, 33, 40)
    found = inference.probabilities(model, images)
    np.testing.assert_allclose(found, tf.nn.softmax(model(images)), atol=1e-6)


@pytest.mark.parametrize("scales", [(1.0,), (0.5, 1.0, 1.5)])
def test_the_mirror_image_has_the_mirrored_result(model, scales):
    images = _images(1, 33, 41)
    found, mirrored = (
        inference.probabilities(model, inputs, scales, add_flipped_images=True)
        for inputs in (images, images[:, :, ::-1])
    )
    np.testing.assert_allclose(found, mirrored[:, :, ::-1], atol=1e-5)
    np.testing.assert_allclose(tf.reduce_sum(found, -1), np.ones([1, 33, 41]), atol=1e-5)
    plain = inference.probabilities(model, images, scales)
    assert np.max(np.abs(found - plain)) > 1e-3


def test_a_batch_is_its_images_one_by_one(model):
    images = _images(3, 34, 29)
    together = inference.probabilities(model, images, (0.75, 1.0), True)
    alone = [inference.probabilities(model, images[i : i + 1], (0.75, 1.0), True) for i in range(3)]
    np.testing.assert_allclose(together, tf.concat(alone, 0), atol=1e-5)


def test_scales_are_averaged_with_equal_weight(model):
    images = _images(1, 33, 33)
    parts = [inference.probabilities(model, images, [scale]) for scale in (0.5, 1.25)]
    found = inference.probabilities(model, images, [0.5, 1.25])
    np.testing.assert_allclose(found, sum(parts) / 2, atol=1e-6)
    np.testing.assert_allclose(tf.reduce_sum(found, -1), np.ones([1, 33, 33]), atol=1e-5)


def test_integer_images_of_any_size(model):
    run = tf.function(
        lambda images: inference.probabilities(model, images, (0.5, 1.0), True),
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)],
    )
    for size in ((32, 48), (17, 5)):
        images = tf.cast(_images(1, *size), tf.uint8)
        expected = inference.probabilities(model, images, (0.5, 1.0), True)
        np.testing.assert_allclose(run(images), expected, atol=1e-4)


@hypothesis.settings(max_examples=40)
@hypothesis.given(
    strategies.integers(1, 30),
    strategies.integers(1, 30),
    strategies.integers(1, 12),
    strategies.integers(1, 12),
    strategies.data(),
)
def test_windows_of_a_pointwise_function_are_the_whole(height, width, rows, columns, data):
    overlap = data.draw(strategies.integers(0, min(rows, columns) - 1))
    images = _images(2, height, width)
    sizes = []

    def function(window):
        sizes.append(tuple(window.shape[1:3]))
        return window * 2.0

    found = inference.windowed(function, images, 3, (rows, columns), overlap)
    np.testing.assert_allclose(found, images * 2.0, rtol=1e-6)
    assert set(sizes) == {(min(rows, height), min(columns, width))}

    def fewest(side, window):
        return 1 + max(0, -(-(side - window) // (window - overlap)))

    assert len(sizes) == fewest(height, rows) * fewest(width, columns)


def test_neighbours_share_at_least_the_overlap():
    for side, window, overlap in ((100, 33, 10), (67, 33, 1), (34, 33, 32)):
        starts = []

        def function(seen, starts=starts):
            starts.append(int(seen[0, 0, 0, 0]))
            return seen

        rows = tf.reshape(tf.range(float(side)), [1, side, 1, 1])
        inference.windowed(function, rows, 1, (window, window), overlap)
        starts = np.array(starts)
        assert starts[0] == 0 and starts[-1] + window == side
        assert np.all(starts[:-1] + window - starts[1:] >= overlap)


def test_windows_in_a_graph_of_any_size(model):
    def predict(images):
        return inference.windowed(
            lambda window: inference.probabilities(model, window), images, 5, (33, 33), 8
        )

    run = tf.function(predict, input_signature=[tf.TensorSpec([None, None, None, 3])])
    images = _images(1, 40, 70)
    np.testing.assert_allclose(run(images), predict(images), atol=1e-5)
    small = _images(1, 33, 20)
    np.testing.assert_allclose(run(small), inference.probabilities(model, small), atol=1e-5)
