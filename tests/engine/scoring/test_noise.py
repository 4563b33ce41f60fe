"""Simulated searches in which nothing is to be found."""

import keras
import numpy as np
import pytest

from deeplab_nas.engine.scoring import noise
from deeplab_nas.supernet.decoding import by_logits


@pytest.mark.parametrize("decay", [0.0, 2.0])
def test_the_entropy_is_that_of_keras_adam(decay):
    logits = keras.Variable(np.zeros([2000, 3], np.float32))
    adam = keras.optimizers.Adam(0.05, beta_1=0.5)
    adam.build([logits])
    generator = np.random.default_rng(1)
    for _ in range(40):
        gradient = generator.standard_normal(logits.shape)
        gradient -= gradient.mean(axis=-1, keepdims=True)
        adam.apply([gradient.astype(np.float32) + decay * logits.value], [logits])
    expected = 1 - by_logits.relative_entropy(np.asarray(logits, np.float64))
    assert 1 - noise.entropy(3, 40, 0.05, decay) == pytest.approx(expected, rel=0.1)


def test_more_steps_and_larger_rates_leave_less():
    left = [noise.entropy(8, 0, 0.003), noise.entropy(8, 540, 0.003), noise.entropy(8, 540, 0.03)]
    assert left[0] == pytest.approx(1, abs=1e-5)
    # By hand: logits of variance v leave an entropy of 1 - v / (2 log n) while v is small, and
    # Adam with these constants walks like +-rate, with a memory of its momentum.
    assert left[1] == pytest.approx(0.9988, abs=3e-4)
    assert left[2] < 0.95


def test_of_many_choices_noise_seldom_makes_one_look_decided():
    assert noise.chance_decided(1) == 1
    # Of two, one t is the other's opposite: 2 |t| > 2.
    assert noise.chance_decided(2) == pytest.approx(0.3173, abs=0.01)
    assert noise.chance_decided(3) < 0.15
    assert noise.chance_decided(8) < 0.03
