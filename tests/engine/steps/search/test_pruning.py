"""When operations are given up, and which."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.steps.search.gradient_tally import GradientTally
from deeplab_nas.engine.steps.search.pruning import Pruning
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig


@pytest.fixture
def supernet():
    made = Supernet(3, SupernetConfig(num_layers=1, num_blocks=1, filter_multiplier=1))
    made.build()
    return made


def test_stages_are_even_and_gradients_say_what_goes(supernet):
    tally = GradientTally([keras.Variable(np.zeros([2, 8]), name="alpha")])
    # Descent raises the logit of a negative gradient; large gradients are not more certain ones.
    direction = np.array([-1.0, 1, -1, 1, 1, 1, -1, -1])
    size = np.array([[1, 2, 3, 4, 5, 6, 7, 8], [8, 7, 6, 5, 4, 3, 2, 1]], float)
    for _ in range(9):
        tally.add([tf.constant(direction * size, tf.float32)])
    pruning = Pruning(supernet, tally, (4, 2), first_epoch=4, last_epoch=10)
    assert [epoch for epoch in range(11) if pruning.after(epoch)] == [6, 8]
    np.testing.assert_array_equal(supernet.kept, pruning.kept.numpy())
    assert supernet.kept.sum(axis=1).tolist() == [2, 2]
    assert supernet.kept[:, direction > 0].sum() == 0


def test_without_stages_nothing_goes(supernet):
    tally = GradientTally([keras.Variable(np.zeros([2, 8]), name="alpha")])
    pruning = Pruning(supernet, tally, (), first_epoch=0, last_epoch=5)
    assert not any(pruning.after(epoch) for epoch in range(6))
    assert supernet.kept.all()


def test_a_restored_mask_is_taken_up(supernet):
    tally = GradientTally([keras.Variable(np.zeros([2, 8]), name="alpha")])
    pruning = Pruning(supernet, tally, (4,), first_epoch=0, last_epoch=4)
    pruning.resume()
    assert supernet.kept.all()
    mask = np.arange(16).reshape(2, 8) % 2 == 0
    pruning.kept.assign(mask)
    pruning.resume()
    np.testing.assert_array_equal(supernet.kept, mask)
