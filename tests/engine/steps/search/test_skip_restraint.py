"""Dropped and added skips, and how they fade."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.configs.search import SearchConfig, SearchOptimization
from deeplab_nas.engine.steps.search.skip_restraint import SkipRestraint
from deeplab_nas.supernet.relaxation import Weights
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests import refusals

NAMES = ("atrous_3x3", "skip", "zero")
WEIGHTS = Weights(tf.constant([[0.2, 0.5, 0.3], [0.6, 0.0, 0.4]] * 200), tf.ones([1, 4, 3]))


def made(total_steps=10, **settings):
    return SkipRestraint(SearchOptimization(**settings), NAMES, total_steps, seed=1)


def of(weights):
    return weights.operations.numpy()


def test_the_added_skip_fades_and_spares_edges_that_gave_skip_up():
    restraint = made(auxiliary_skip=0.8)
    for step, added in ((0, 0.8), (5, 0.4), (10, 0.0), (12, 0.0)):
        for relaxed in (
            restraint.evaluation(WEIGHTS, tf.constant(step)),
            restraint.training(WEIGHTS, tf.constant(step), 0),
        ):
            expected = np.array([[0.2, 0.5 + added, 0.3], [0.6, 0.0, 0.4]] * 200)
            np.testing.assert_allclose(of(relaxed), expected, rtol=1e-5)
            assert relaxed.arrows is WEIGHTS.arrows


def test_skips_are_dropped_of_training_and_keep_their_mean():
    restraint = made(skip_dropout=0.4)
    np.testing.assert_allclose(of(restraint.evaluation(WEIGHTS, tf.constant(0))), of(WEIGHTS))
    dropped = of(restraint.training(WEIGHTS, tf.constant(5), 0))
    # Halfway the probability is 0.2.
    skips = dropped[::2, 1]
    assert set(np.round(skips, 5)) == {0.0, 0.625}
    assert np.mean(skips == 0) == pytest.approx(0.2, abs=0.08)
    np.testing.assert_allclose(dropped[:, [0, 2]], of(WEIGHTS)[:, [0, 2]])
    np.testing.assert_allclose(of(restraint.training(WEIGHTS, tf.constant(10), 0)), of(WEIGHTS))


def test_drops_are_a_function_of_seed_step_and_stream():
    restraint = made(skip_dropout=0.5)
    first = of(restraint.training(WEIGHTS, tf.constant(0), 0))
    np.testing.assert_array_equal(first, of(restraint.training(WEIGHTS, tf.constant(0), 0)))
    for step, stream in ((1, 0), (0, 1)):
        assert (first != of(restraint.training(WEIGHTS, tf.constant(step), stream))).any()


def test_an_added_skip_still_stands_where_the_operation_is_dropped():
    restraint = made(skip_dropout=0.5, auxiliary_skip=1.0)
    skips = of(restraint.training(WEIGHTS, tf.constant(0), 0))[::2, 1]
    assert set(np.round(skips, 5)) == {1.0, 2.0}


@pytest.mark.parametrize("name", ["skip_dropout", "auxiliary_skip"])
def test_there_has_to_be_a_skip(name):
    with refusals.refused("skip among the --operations", f"--{name}", "atrous_3x3"):
        SearchConfig(
            train_logdir="runs/a",
            supernet=SupernetConfig(operations=("atrous_3x3",)),
            optimization=SearchOptimization(**{name: 0.5}),
        )
