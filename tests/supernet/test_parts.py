"""A part of the search space: given weights, and operations that are left out."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.supernet import memory_plan, relaxation
from deeplab_nas.supernet.relaxation import Weights
from tests.supernet import per_edge_supernet
from tests.supernet.held_to_oracle import (
    check_against_oracle,
    make_batch,
    make_supernet,
    relative_difference,
)


def test_given_weights_take_the_place_of_alpha_and_beta():
    supernet = make_supernet(batch_norm_decay=0.75)
    images, _ = make_batch(33, 49)
    random = np.random.default_rng(5)
    operations = random.uniform(size=supernet.alpha.shape) * (random.uniform(size=(5, 8)) < 0.6)
    arrows = random.uniform(size=supernet.beta.shape)
    before = [variable.numpy() for variable in supernet.non_trainable_variables]
    found = supernet(
        images,
        training=True,
        relaxed=Weights(tf.constant(operations, tf.float32), tf.constant(arrows, tf.float32)),
        track_statistics=False,
    )
    variables = per_edge_supernet.named_variables(supernet)
    expected = per_edge_supernet.logits(
        supernet, variables, images, collections.defaultdict(list), (operations, arrows)
    )
    assert relative_difference(found, expected) < 1e-4
    for variable, value in zip(supernet.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.slow
@pytest.mark.parametrize("operation_set", ["official", "darts"])
@pytest.mark.parametrize("num_kept", [3, 1])
def test_operations_that_are_left_out_are_not_there(unoptimized_graphs, operation_set, num_kept):
    # With these seeds no ReLU stands so near its kink that rounding decides its side.
    supernet = make_supernet(
        seed=2, num_layers=2, batch_norm_decay=0.0, operation_set=operation_set
    )
    whole = bytes_of_all_nodes(supernet)
    ranks = np.random.default_rng(3).uniform(size=supernet.alpha.shape).argsort(axis=1)
    supernet.keep(ranks < num_kept)
    check_against_oracle(supernet, *make_batch(33, 49, seed=2), all_move=False)
    assert bytes_of_all_nodes(supernet) < 0.7 * whole
    weights = supernet.relaxed().operations.numpy()
    np.testing.assert_array_equal(weights > 0, ranks < num_kept)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)


def bytes_of_all_nodes(supernet):
    nodes = memory_plan.all_nodes(supernet)
    return sum(memory_plan.kept_bytes(supernet, *node, (2, 33, 49)) for node in nodes)


def test_what_is_left_may_be_evaluated():
    """By the averages: as a supernet of which these operations never were given up."""
    supernet = make_supernet(num_layers=2, batch_norm_decay=0.5)
    images, _ = make_batch(33, 33)
    supernet(images, training=True)
    mask = np.random.default_rng(4).uniform(size=supernet.alpha.shape).argsort(axis=1) < 4
    arrows = supernet.relaxed().arrows
    weights = relaxation.operation_weights(tf.convert_to_tensor(supernet.alpha), mask)
    expected = supernet(images, relaxed=Weights(weights, arrows))
    supernet.keep(mask)
    assert relative_difference(supernet(images), expected) < 1e-4
