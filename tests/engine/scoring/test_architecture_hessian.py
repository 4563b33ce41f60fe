"""Eigenvalues of the Hessian in alpha and beta, against the whole matrix."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.scoring.architecture_hessian import ArchitectureHessian
from tests.engine.devices.replicated_runs import smooth_kinks
from tests.engine.steps.search import test_search_step


@pytest.fixture
def smooth(monkeypatch):
    monkeypatch.setattr(tf.nn, "relu", tf.nn.relu)
    monkeypatch.setattr(tf.nn, "max_pool2d", tf.nn.max_pool2d)
    smooth_kinks()


def made(**how):
    step, supernet = test_search_step.made_step(**how)
    for variable in supernet.architecture_variables:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape))
    kept = np.ones(supernet.alpha.shape, bool)
    kept[1, 2] = kept[0, 0] = False
    supernet.keep(kept)
    step.trace()
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    return ArchitectureHessian(strategy, supernet, step.gradients), supernet


def whole_hessian(supernet, images, labels):
    """The matrix, row by row, by tapes within tapes."""
    valid = labels != test_search_step.IGNORE
    logits = [tf.convert_to_tensor(variable) for variable in supernet.architecture_variables]
    rows = []
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(logits)
        with tf.GradientTape() as inner:
            inner.watch(logits)
            scores = supernet(
                images, training=True, relaxed=supernet.relaxed(logits), track_statistics=False
            )
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[valid], scores[valid])
            loss = tf.reduce_mean(losses)
        gradient = tf.concat([tf.reshape(each, [-1]) for each in inner.gradient(loss, logits)], 0)
        values = tf.unstack(gradient)
    for value in values:
        found = outer.gradient(value, logits, unconnected_gradients="zero")
        rows.append(np.concatenate([np.ravel(each) for each in found]))
    return np.array(rows)


@pytest.mark.slow
def test_the_ends_are_those_of_the_whole_matrix(smooth):
    hessian, supernet = made()
    batch = test_search_step.made_batch()
    whole = whole_hessian(supernet, *batch)
    np.testing.assert_allclose(whole, whole.T, atol=1e-5)
    expected = np.linalg.eigvalsh((whole + whole.T) / 2)
    before = [variable.numpy() for variable in supernet.variables]
    found = hessian.spectrum(*batch, 0)
    assert found.largest == pytest.approx(expected[-1], rel=0.01)
    assert found.smallest == pytest.approx(expected[0], rel=0.01)
    assert expected[0] < -0.1 * expected[-1] < 0
    assert found.products < len(expected)
    for variable, value in zip(supernet.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    again = hessian.spectrum(*batch, 0)
    assert again == found


@pytest.mark.slow
def test_in_bfloat16_it_is_about_the_same(smooth):
    batch = test_search_step.made_batch()
    expected, found = (
        made(dtype=dtype)[0].spectrum(*batch, 0) for dtype in ("float32", "mixed_bfloat16")
    )
    assert found.largest == pytest.approx(expected.largest, rel=0.1)
