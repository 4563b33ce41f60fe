"""Whatever is a valid architecture builds, runs, trains and survives saving."""

import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings

from deeplab_nas.core import nas_genotypes
from tests.core import made_architectures, made_networks

_SETTINGS = {"suppress_health_check": list(HealthCheck)}


def images(height, width):
    return tf.random.stateless_uniform([2, height, width, 3], [4, 5], 0.0, 255.0)


def check(architecture):
    assert nas_genotypes.from_json(architecture.to_json()) == architecture
    model = made_networks.build(architecture, 1, 3)
    for height, width in ((33, 49), (30, 18)):
        logits = model(images(height, width))
        assert logits.shape == (2, height, width, 3)
        assert np.all(np.isfinite(logits))
    check_training_step(model)
    with tempfile.TemporaryDirectory() as directory:
        model.save(f"{directory}/model.keras")
        loaded = keras.models.load_model(f"{directory}/model.keras")
    assert loaded.architecture == architecture
    np.testing.assert_array_equal(loaded(images(30, 18)), model(images(30, 18)))


def check_training_step(model):
    with tf.GradientTape() as tape:
        logits = model(images(33, 49), training=True)
        labels = tf.zeros(logits.shape[:3], tf.int32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(losses)
    gradients = tape.gradient(loss, model.trainable_variables)
    for gradient, variable in zip(gradients, model.trainable_variables, strict=True):
        assert gradient is not None and np.all(np.isfinite(gradient)), variable.path
    optimizer = keras.optimizers.SGD(1e-2, momentum=0.9)
    optimizer.apply(gradients, model.trainable_variables)
    assert np.all(np.isfinite(model(images(33, 49))))


@pytest.mark.slow
@settings(max_examples=4, **_SETTINGS)
@given(made_architectures.architectures(most_blocks=4, most_layers=5))
def test_small_architectures(architecture):
    check(architecture)


@pytest.mark.slow
@settings(max_examples=15, **_SETTINGS)
@given(made_architectures.architectures())
def test_architectures(architecture):
    check(architecture)


@pytest.mark.slow
def test_the_largest():
    pair = ((0, "separable_7x7_2"), (1, "atrous_7x7"))
    later = [((i + 2, "separable_5x5_2"), (i, "max_pool_3x3")) for i in range(6)]
    path = (0, 1, 2, 3, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0)
    check(nas_genotypes.Architecture(cell=(pair, *later), path=path))
