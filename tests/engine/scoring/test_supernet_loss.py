"""The loss of a supernet that is cut down, against the formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.scoring.supernet_loss import SupernetLoss
from deeplab_nas.supernet.decoding import by_loss
from deeplab_nas.supernet.relaxation import Weights
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig
from deeplab_nas.supernet.unreached import SKIPPED

IGNORE = 9


def made(**settings):
    keras.utils.set_random_seed(1)
    config = SupernetConfig(num_layers=2, num_blocks=1, filter_multiplier=2, **settings)
    supernet = Supernet(3, config)
    supernet.build()
    generator = np.random.default_rng(0)
    batches = []
    for ignored in (2, 9):
        images = generator.uniform(0, 255, [2, 17, 17, 3]).astype(np.float32)
        labels = generator.integers(0, 3, [2, 17, 17]).astype(np.int32)
        labels[:, :ignored] = IGNORE
        batches.append((tf.constant(images), tf.constant(labels)))
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    return supernet, batches, SupernetLoss(strategy, supernet, IGNORE).on(batches)


def by_hand(supernet, batches, weights):
    losses = []
    for images, labels in batches:
        logits = supernet(
            images, training=True, relaxed=weights, track_statistics=False, unreached=SKIPPED
        )
        valid = labels != IGNORE
        found = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[valid], logits[valid])
        losses.append(float(tf.reduce_mean(found)))
    return np.mean(losses)


def test_it_is_the_mean_over_the_batches_and_moves_no_average():
    supernet, batches, loss = made()
    before = [variable.numpy() for variable in supernet.non_trainable_variables]
    operations = np.random.default_rng(1).uniform(size=supernet.alpha.shape)
    for path in ((0, 0), (1, 2)):
        arrows = by_loss.cut(np.full([2, 4, 3], 0.5), path)
        weights = Weights(tf.constant(operations, tf.float32), tf.constant(arrows, tf.float32))
        assert loss(operations, arrows) == pytest.approx(
            by_hand(supernet, batches, weights), rel=1e-4
        )
    for variable, value in zip(supernet.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_a_fixed_path_has_no_arrows_to_weigh():
    supernet, batches, loss = made(fixed_path=(1, 1))
    operations = np.random.default_rng(1).uniform(size=supernet.alpha.shape)
    weights = Weights(tf.constant(operations, tf.float32), None)
    assert loss(operations, None) == pytest.approx(by_hand(supernet, batches, weights), rel=1e-4)
