"""Scores of untrained networks, against plain computations."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import segmenter
from deeplab_nas.core.network_config import NetworkConfig, TrainingOptions
from deeplab_nas.selection.pool import untrained_scores
from tests import trained_runs
from tests.core import made_architectures

_COUNT = 5
_CONFIG = NetworkConfig(
    filter_multiplier=2, aspp_convs_filters=4, decoder_filters=4, atrous_rates=(1,)
)


def made_images(count, size=17, seed=0):
    return np.random.RandomState(seed).uniform(0, 255, [count, size, size, 3]).astype(np.float32)


def plain_naswot(rectified):
    """Log |det| of the numbers of ReLUs that agree, counted image by image."""
    codes = [np.concatenate([each[i].ravel() > 0 for each in rectified]) for i in range(_COUNT)]
    alike = np.array([[np.sum(one == other) for other in codes] for one in codes], np.float64)
    return np.sum(np.log(np.abs(np.linalg.eigvalsh(alike))))


def plain_jacob_cov(jacobians):
    values = np.linalg.eigvals(np.corrcoef(np.reshape(jacobians, [len(jacobians), -1]))).real
    return -np.sum(np.log(values + 1e-5) + 1 / (values + 1e-5))


def jacobians_one_by_one(function, images):
    """The gradient of all logits' sum, by one image after the other."""
    images, found = list(tf.constant(images)), []
    for i, image in enumerate(images):
        with tf.GradientTape() as tape:
            tape.watch(image)
            logits = function(tf.stack([*images[:i], image, *images[i + 1 :]]))
            total = tf.reduce_sum(logits)
        found.append(tape.gradient(total, image).numpy())
    return np.array(found)


def test_two_relus_by_hand():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((6, 6, 3)),
            keras.layers.Conv2D(3, 3, activation="relu"),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Conv2D(2, 1),
        ]
    )
    images = made_images(_COUNT, size=6) / 255 - 0.5
    first = model.layers[0](images)
    rectified = [first.numpy(), model.layers[1](first).numpy()]
    found = untrained_scores.of_function(model, images)
    assert found.naswot == pytest.approx(plain_naswot(rectified), rel=1e-9)
    jacobians = jacobians_one_by_one(model, images)
    assert found.jacob_cov == pytest.approx(plain_jacob_cov(jacobians), rel=1e-4)


def test_a_segmenter_and_all_of_its_relus(monkeypatch):
    """Counted where they are called, one after the other, and not in a graph."""
    model = untrained_scores.untrained(made_architectures.MIXED, _CONFIG, 3, seed=1)
    images = made_images(_COUNT)

    def logits(images):
        return model.endpoints(images, training=True)["logits"]

    rectified = []
    with monkeypatch.context() as patched:
        relu = tf.nn.relu
        patched.setattr(
            tf.nn, "relu", lambda values: rectified.append(relu(values)) or rectified[-1]
        )
        logits(tf.constant(images))
    before = [variable.numpy() for variable in model.non_trainable_variables]
    found = untrained_scores.of_networks([model], images)
    after = [variable.numpy() for variable in model.non_trainable_variables]
    np.testing.assert_equal(after, before)
    assert len(rectified) > 20
    expected = plain_naswot([each.numpy() for each in rectified])
    assert found.naswot == pytest.approx(expected, rel=1e-6)
    expected = plain_jacob_cov(jacobians_one_by_one(logits, images))
    assert found.jacob_cov == pytest.approx(expected, rel=1e-4)


def test_scores_are_a_function_of_the_seed_and_leave_random_numbers_alone():
    images = made_images(3)

    def score(*seeds):
        networks = (
            untrained_scores.untrained(trained_runs.ARCHITECTURE, _CONFIG, 3, seed)
            for seed in seeds
        )
        return untrained_scores.of_networks(networks, images)

    random.seed(5)
    expected = random.random()
    random.seed(5)
    first = score(1)
    assert random.random() == expected
    keras.utils.set_random_seed(7)
    assert score(1) == first
    other = score(2)
    assert other != first
    both = score(1, 2)
    # The first network again, and then the second one's weights in its place.
    assert both.naswot == pytest.approx((first.naswot + other.naswot) / 2, rel=1e-6)
    assert both.jacob_cov == pytest.approx((first.jacob_cov + other.jacob_cov) / 2, rel=1e-4)


def test_the_weights_are_those_that_a_training_begins_with():
    found = untrained_scores.untrained(made_architectures.MIXED, _CONFIG, 3, seed=11)
    keras.utils.set_random_seed(11)
    options = TrainingOptions(drop_path_keep_prob=0.5, training_number_of_steps=9)
    begun = segmenter.build(made_architectures.MIXED, _CONFIG, 3, options)
    for variable, other in zip(found.trainable_variables, begun.trainable_variables, strict=True):
        assert variable.path == other.path
        np.testing.assert_array_equal(variable.numpy(), other.numpy())


def test_images_that_a_network_does_not_tell_apart_score_lowest():
    def zeros(images):
        return tf.nn.relu(images) * 0.0

    found = untrained_scores.of_function(zeros, made_images(3))
    assert (found.naswot, found.jacob_cov) == (-np.inf, -np.inf)


def test_relus_that_are_not_seen_are_refused():
    hidden = tf.function(lambda images: tf.nn.relu(images - 100.0))
    # While it is traced, and when it is there.
    for _ in range(2):
        with pytest.raises(ValueError, match="nested"):
            untrained_scores.of_function(lambda images: hidden(tf.nn.relu(images)), made_images(2))
        hidden(tf.zeros([2, 17, 17, 3]))
    with pytest.raises(ValueError, match=r"found none"):
        untrained_scores.of_function(lambda images: images, made_images(2))
    with pytest.raises(ValueError, match="different"):
        untrained_scores.of_function(tf.nn.relu, np.ones([2, 4, 4, 3]))
