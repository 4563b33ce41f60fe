"""Cross entropy against NumPy and against the official code's numbers."""

import json

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.steps import losses
from tests import places

_OFFICIAL = places.FIXTURES / "official_loss_metrics"


def _numpy_cross_entropy(logits, labels, ignore_label):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    valid = labels != ignore_label
    picked = np.take_along_axis(log_probabilities[valid], labels[valid][:, None], axis=-1)
    return -np.sum(picked), np.sum(valid)


@pytest.mark.parametrize("ignore_label", [255, 0, -1])
@pytest.mark.parametrize("label_type", [np.int32, np.int64])
def test_matches_numpy(ignore_label, label_type):
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(2, 5, 7, 4)).astype(np.float32) * 5
    labels = rng.integers(0, 4, size=(2, 5, 7)).astype(label_type)
    labels[rng.random(labels.shape) < 0.3] = ignore_label
    expected = _numpy_cross_entropy(logits.astype(np.float64), labels, ignore_label)
    actual = losses.pixel_cross_entropy(logits, tf.constant(labels), ignore_label)
    np.testing.assert_allclose([float(value) for value in actual], expected, rtol=1e-5)


def test_half_precision_logits_are_summed_in_float32():
    logits = tf.zeros([1, 300, 300, 10], tf.bfloat16)
    labels = tf.zeros([1, 300, 300], tf.uint8)
    loss_sum, num_valid = losses.pixel_cross_entropy(logits, labels, 255)
    assert loss_sum.dtype == num_valid.dtype == tf.float32
    np.testing.assert_allclose(loss_sum, 90000 * np.log(10), rtol=1e-5)
    assert float(num_valid) == 90000


def test_ignored_pixels_get_no_gradient():
    logits = tf.Variable(np.random.default_rng(4).normal(size=(1, 3, 3, 4)).astype(np.float32))
    labels = np.full((1, 3, 3), 255, np.int32)
    labels[0, 1, 1] = 2
    with tf.GradientTape() as tape:
        loss = losses.mean_loss(*losses.pixel_cross_entropy(logits, labels, 255))
    gradient = tape.gradient(loss, logits).numpy()
    expected = np.zeros((1, 3, 3, 4))
    expected[0, 1, 1] = tf.nn.softmax(logits[0, 1, 1]).numpy() - np.eye(4)[2]
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_all_ignored_is_zero_with_zero_gradient():
    logits = tf.Variable(tf.random.stateless_normal([1, 2, 2, 3], seed=[1, 2]))
    labels = np.full((1, 2, 2), 255, np.uint8)
    with tf.GradientTape() as tape:
        loss = losses.mean_loss(*losses.pixel_cross_entropy(logits, labels, 255))
    assert float(loss) == 0.0
    np.testing.assert_array_equal(tape.gradient(loss, logits), np.zeros((1, 2, 2, 3)))


def test_class_weights_scale_the_pixels_of_a_class():
    logits = np.random.default_rng(5).normal(size=(1, 4, 4, 3)).astype(np.float32)
    labels = np.array([0, 1, 2, 255] * 4, np.uint8).reshape(1, 4, 4)
    total, valid = losses.pixel_cross_entropy(logits, labels, 255, class_weights=[2.0, 0.0, 0.5])
    expected = sum(
        weight * losses.pixel_cross_entropy(logits, np.where(labels == label, label, 255), 255)[0]
        for label, weight in ((0, 2.0), (2, 0.5))
    )
    np.testing.assert_allclose(total, expected, rtol=1e-6)
    assert float(valid) == 12


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 1.0])
def test_mining_keeps_the_largest(share):
    rng = np.random.default_rng(6)
    logits = rng.normal(size=(2, 5, 8, 4)).astype(np.float32)
    labels = rng.choice([0, 1, 2, 3, 255], size=(2, 5, 8))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(np.minimum(labels, 3), logits).numpy()
    largest = np.sort(np.where(labels == 255, 0.0, each), axis=None)[::-1][: int(share * 80)]
    found = losses.hardest_pixel_cross_entropy(logits, labels, 255, share)
    np.testing.assert_allclose(found, [largest.sum(), np.sum(largest > 0)], rtol=1e-5)


def test_mining_without_labels_is_zero_with_zero_gradient():
    logits = tf.Variable(tf.random.stateless_normal([1, 2, 2, 3], seed=[1, 2]))
    labels = np.full((1, 2, 2), 255, np.uint8)
    with tf.GradientTape() as tape:
        loss = losses.mean_loss(*losses.hardest_pixel_cross_entropy(logits, labels, 255, 0.5))
    assert float(loss) == 0.0
    np.testing.assert_array_equal(tape.gradient(loss, logits), np.zeros((1, 2, 2, 3)))


def test_the_mined_share_falls_in_a_straight_line():
    shares = [float(losses.mined_share(step, 0.25, 1000)) for step in (0, 500, 1000, 9000)]
    np.testing.assert_allclose(shares, [1.0, 0.625, 0.25, 0.25], rtol=1e-6)
    assert float(losses.mined_share(0, 0.25, 0)) == 0.25


@pytest.mark.parametrize(
    "case",
    [
        "plain",
        "weighted",
        "no_upsample",
        "topk25",
        "topk25_weighted",
        "topk25_no_upsample",
        "topk25_step0_of_1000",
        "topk25_step250_of_1000",
        "topk25_step1000_of_1000",
        "topk25_step5000_of_1000",
        "topk10",
        "topk25_mostly_ignored",
        "plain_mostly_ignored",
        "plain_all_ignored",
        "topk25_all_ignored",
    ],
)
def test_matches_the_official_loss_and_gradient(case):
    cases = json.loads((_OFFICIAL / "loss.json").read_text())
    assert len(cases) == 15
    settings = cases[case]
    inputs = np.load(_OFFICIAL / "loss_inputs.npz")
    logits = tf.Variable(inputs["logits"])
    with tf.GradientTape() as tape:
        loss = _official_form(logits, inputs[settings["labels"]], settings)
    np.testing.assert_allclose(loss, settings["value"], rtol=1e-5)
    official_gradient = np.load(_OFFICIAL / "loss_grad_wrt_logits.npz")[case]
    np.testing.assert_allclose(tape.gradient(loss, logits), official_gradient, atol=1e-7, rtol=1e-4)


def _official_form(logits, labels, settings):
    """The loss as a case of the official code's numbers has it."""
    if settings["upsample_logits"]:
        logits = tf.compat.v1.image.resize_bilinear(logits, labels.shape[1:3], align_corners=True)
    else:
        labels = tf.compat.v1.image.resize_nearest_neighbor(
            labels, logits.shape[1:3], align_corners=True
        ).numpy()
    weights = settings["loss_weight"]
    arguments = (logits, labels[..., 0], settings["ignore_label"])
    weights = {"class_weights": weights if isinstance(weights, list) else None}
    top_k, ramp = (settings[name] for name in ("top_k_percent_pixels", "hard_example_mining_step"))
    if top_k == 1.0:
        return losses.mean_loss(*losses.pixel_cross_entropy(*arguments, **weights))
    share = losses.mined_share(settings["global_step"], top_k, ramp)
    return losses.mean_loss(*losses.hardest_pixel_cross_entropy(*arguments, share, **weights))
