"""The schedule of drop path, and randomness that is a function of (seed, step)."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_cell, trellis
from deeplab_nas.core.layers import drop_path, stepped_random


def made(keep_prob=0.6, steps=100, seed=0):
    layer = drop_path.DropPath(keep_prob, steps, num_cells=4, num_branches=6, seed=seed)
    layer.build()
    return layer


@pytest.mark.parametrize("step", [0, 50, 100, 1000])
def test_schedule_is_the_official_one(step):
    found = drop_path.keep_probabilities(0.6, 4, tf.constant(step / 100)).numpy()
    for cell in range(4):
        by_layer = 1 - (cell + 1) / 4 * (1 - 0.6)
        assert found[cell] == pytest.approx(1 - min(1, step / 100) * (1 - by_layer))


def test_factors_drop_at_the_given_rate_and_keep_the_mean():
    layer = made()
    layer.step.assign(100)
    factors = layer.draw(2000).numpy()
    assert factors.shape == (4, 6, 2000, 1, 1, 1)
    for cell, keep in enumerate((0.9, 0.8, 0.7, 0.6)):
        np.testing.assert_allclose(np.unique(factors[cell]), [0, 1 / keep], rtol=1e-5)
        assert np.mean(factors[cell] > 0) == pytest.approx(keep, abs=0.02)


def test_nothing_drops_at_the_first_step():
    np.testing.assert_array_equal(made().draw(8), np.ones([4, 6, 8, 1, 1, 1]))


def test_draws_are_a_function_of_seed_and_step():
    first, second = made(), made()
    for layer in (first, second):
        layer.step.assign(70)
    draws = [first.draw(50).numpy() for _ in range(2)]
    assert int(first.step.numpy()) == 72
    assert not np.array_equal(*draws)
    np.testing.assert_array_equal(second.draw(50), draws[0])
    other = made(seed=1)
    other.step.assign(70)
    assert not np.array_equal(other.draw(50), draws[0])


def test_a_dropped_branch_adds_nothing_but_skip_stays():
    block = nas_cell.Block([(0, "skip"), (1, "max_pool_3x3")], filters=2, stride=1)
    block.build((None, None, None, 2))
    states = [tf.random.stateless_normal([2, 5, 5, 2], [0, i]) for i in range(2)]
    factors = tf.reshape([[0.0, 0.0], [0.0, 2.0]], [2, 2, 1, 1, 1])
    outputs = block(states, path_factors=factors)
    pooled = tf.nn.max_pool2d(states[1], 3, 1, "SAME")
    np.testing.assert_allclose(outputs[0], states[0][0])
    np.testing.assert_allclose(outputs[1], states[0][1] + 2.0 * pooled[1], rtol=1e-6)


def test_a_cell_gives_each_branch_its_own_factor():
    cell = nas_cell.NasCell(
        [[(0, "max_pool_3x3"), (0, "avg_pool_3x3")], [(1, "max_pool_3x3"), (2, "skip")]],
        filters=3,
        direction=trellis.SAME,
    )
    cell.build((None, None, None, 3), (None, None, None, 3))
    images = tf.random.stateless_normal([1, 4, 4, 3], [0, 0])
    factors = tf.reshape([0.0, 0.0, 1.0, 1.0], [4, 1, 1, 1, 1])
    outputs = cell(images, images, size=(4, 4), path_factors=factors)
    np.testing.assert_array_equal(outputs[..., :3], np.zeros([1, 4, 4, 3]))
    np.testing.assert_allclose(outputs[..., 3:], tf.nn.max_pool2d(images, 3, 1, "SAME"))


def test_dropout_scales_what_it_keeps_and_is_off_at_inference():
    layer = stepped_random.SteppedDropout(keep_prob=0.8)
    layer.build()
    ones = tf.ones([10, 10, 10, 5])
    np.testing.assert_array_equal(layer(ones), ones)
    assert int(layer.step.numpy()) == 0
    dropped = layer(ones, training=True).numpy()
    np.testing.assert_allclose(np.unique(dropped), [0, 1.25])
    assert np.mean(dropped > 0) == pytest.approx(0.8, abs=0.03)
    assert not np.array_equal(layer(ones, training=True), dropped)
