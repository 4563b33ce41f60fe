"""Alpha and beta as weights: softmaxes, and how the gates are laid out for wide operations."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import trellis
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.supernet import relaxation
from deeplab_nas.supernet.decoding import by_logits


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
    np.testing.assert_allclose(weights, by_logits.transition_probabilities(beta.numpy()), atol=1e-6)


def test_absent_arrows_get_no_gradient():
    beta = random_normal(4, 4, 3)
    with tf.GradientTape() as tape:
        tape.watch(beta)
        loss = tf.reduce_sum(relaxation.arrow_weights(beta) ** 2)
    gradient = tape.gradient(loss, beta).numpy()
    mask = trellis.arrow_mask(4)
    assert (gradient[~mask] == 0).all()
    assert (gradient[mask] != 0).any()


@pytest.mark.parametrize("num_blocks", [1, 2, 5])
def test_scales_hold_the_weight_of_each_edge_for_all_its_channels(num_blocks):
    alpha = random_normal(trellis.num_edges(num_blocks), 8)
    weights = relaxation.operation_weights(alpha).numpy()
    operations = ("atrous_5x5", "separable_3x3_2")
    found = relaxation.OperationGates(relaxation.operation_weights(alpha), num_blocks).scales(
        operations, 3
    )
    for states, scales in zip(trellis.stages(num_blocks), found, strict=True):
        rows = edges_of(states, num_blocks)
        columns = [SEARCH_OPERATIONS.index(name) for name in operations]
        expected = np.repeat(weights[rows][:, columns].T, 3, axis=1)
        np.testing.assert_allclose(scales, expected, rtol=1e-6)


@pytest.mark.parametrize("num_blocks", [1, 2, 5])
def test_mixes_hold_what_each_consumer_takes_of_each_state(num_blocks):
    alpha = random_normal(trellis.num_edges(num_blocks), 8)
    weights = relaxation.operation_weights(alpha).numpy()
    operations = ("skip", "max_pool_3x3")
    found = relaxation.OperationGates(relaxation.operation_weights(alpha), num_blocks).mixes(
        operations
    )
    edges = trellis.edges(num_blocks)
    for states, mix in zip(trellis.stages(num_blocks), found, strict=True):
        consumers = [block for state, block in edges if state == states[0]]
        assert mix.shape == (len(consumers), len(operations) * len(states))
        for row, block in enumerate(consumers):
            expected = [
                weights[edges.index((state, block)), SEARCH_OPERATIONS.index(name)]
                for name in operations
                for state in states
            ]
            np.testing.assert_allclose(mix[row], expected, rtol=1e-6)


def edges_of(states, num_blocks):
    """Rows of alpha: by state, then by consumer."""
    edges = trellis.edges(num_blocks)
    return [edges.index(edge) for state in states for edge in edges if edge[0] == state]
