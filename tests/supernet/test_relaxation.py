"""Alpha and beta as weights: softmaxes, and how the gates are laid out for wide operations."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes, trellis
from deeplab_nas.supernet import decoding, relaxation


def random_normal(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


def test_operation_weights_are_a_softmax_over_all_operations():
    weights = relaxation.operation_weights(random_normal(20, 8)).numpy()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)
    assert (weights > 0).all()


@pytest.mark.parametrize("num_layers", [1, 2, 5, 12])
def test_arrow_weights_sum_to_one_over_the_arrows_that_leave_a_node(num_layers):
    beta = random_normal(num_layers, 4, 3)
    weights = relaxation.arrow_weights(beta).numpy()
    mask = trellis.arrow_mask(num_layers)
    assert (weights[~mask] == 0).all()
    assert (weights[mask] > 0).all()
    np.testing.assert_allclose(weights.sum(axis=2), mask.any(axis=2), rtol=1e-6)
    np.testing.assert_allclose(weights, decoding.transition_probabilities(beta.numpy()), atol=1e-6)


def test_absent_arrows_get_no_gradient():
    beta = random_normal(4, 4, 3)
    with tf.GradientTape() as tape:
        tape.watch(beta)
        loss = tf.reduce_sum(relaxation.arrow_weights(beta) ** 2)
    gradient = tape.gradient(loss, beta).numpy()
    mask = trellis.arrow_mask(4)
    assert (gradient[~mask] == 0).all()
    assert (gradient[mask] != 0).any()


def test_spread_matrix_mixes_whole_groups_of_channels():
    weights = random_normal(3, 2)
    groups = random_normal(1, 4, 5, 3 * 4, seed=1)
    kernel = relaxation.spread_matrix(weights, channels=4)
    mixed = tf.split(tf.nn.conv2d(groups, kernel, 1, "SAME"), 2, -1)
    parts = tf.split(groups, 3, -1)
    for out, actual in enumerate(mixed):
        expected = sum(weights[i, out] * parts[i] for i in range(3))
        np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize("num_blocks", [1, 2, 5])
def test_gates_hold_the_weight_of_each_edge_at_its_consumer(num_blocks):
    alpha = random_normal(trellis.num_edges(num_blocks), 8)
    weights = relaxation.operation_weights(alpha).numpy()
    gates = relaxation.OperationGates(alpha, num_blocks)
    edges = trellis.edges(num_blocks)
    for state, consumers in enumerate(trellis.consumers_by_state(num_blocks)):
        rows = [row for row, (source, _) in enumerate(edges) if source == state]
        assert len(rows) == consumers
        for column, operation in enumerate(nas_genotypes.SEARCH_OPERATIONS):
            expected = np.repeat(weights[rows, column], 3)
            np.testing.assert_allclose(gates.scale(state, operation, 3), expected, rtol=1e-6)
        spread = gates.spread(state, ("skip", "max_pool_3x3"), 3)
        expected = relaxation.spread_matrix(tf.constant(weights[rows][:, [6, 5]].T), 3)
        np.testing.assert_allclose(spread, expected, rtol=1e-6)
