"""IoU against a dictionary count and against the official code's numbers."""

import collections
import json
import math

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies

from deeplab_nas.engine.scoring import metrics
from deeplab_nas.errors import UserError
from tests import places

_OFFICIAL = places.FIXTURES / "official_loss_metrics"


def _counted(labels, predictions, ignore_label):
    pairs = zip(labels.ravel().tolist(), predictions.ravel().tolist(), strict=True)
    return collections.Counter(pair for pair in pairs if pair[0] != ignore_label)


def _iou_by_counting(counts, label):
    union = sum(count for pair, count in counts.items() if label in pair)
    return counts[label, label] / union if union else math.nan


@hypothesis.settings(max_examples=25)
@hypothesis.given(strategies.integers(0, 10_000), strategies.sampled_from([255, 0, 3]))
def test_matches_a_dictionary_count(seed, ignore_label):
    rng = np.random.default_rng(seed)
    num_classes = int(rng.integers(4, 8))
    # Labels and predictions come from their own subsets, so that classes lack on either side.
    labelled, predicted = (rng.choice(num_classes, size=3) for _ in range(2))
    labels = rng.choice([*labelled, ignore_label], size=(2, 4, 5)).astype(np.uint8)
    predictions = rng.choice(predicted, size=(2, 4, 5))
    counts = _counted(labels, predictions, ignore_label)
    hypothesis.assume(counts)

    matrix = metrics.confusion_matrix(labels, predictions, num_classes, ignore_label).numpy()
    assert {pair: count for pair, count in np.ndenumerate(matrix) if count} == dict(counts)
    expected = [_iou_by_counting(counts, label) for label in range(num_classes)]
    np.testing.assert_allclose(metrics.class_iou(matrix), expected)
    present = [iou for iou in expected if not math.isnan(iou)]
    assert metrics.mean_iou(matrix) == pytest.approx(sum(present) / len(present))
    right = sum(count for (label, prediction), count in counts.items() if label == prediction)
    assert metrics.pixel_accuracy(matrix) == pytest.approx(right / sum(counts.values()))
    labelled = collections.Counter(labels[labels != ignore_label].tolist())
    expected_accuracy = [
        counts[label, label] / labelled[label] if labelled[label] else math.nan
        for label in range(num_classes)
    ]
    np.testing.assert_allclose(metrics.class_accuracy(matrix), expected_accuracy)
    weighted = sum(labelled[label] * expected[label] for label in labelled)
    assert metrics.frequency_weighted_iou(matrix) == pytest.approx(weighted / sum(counts.values()))


def test_a_class_predicted_but_never_labelled_counts_as_zero():
    matrix = np.array([[3, 0, 1], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(metrics.class_iou(matrix), [0.75, np.nan, 0.0])
    assert metrics.mean_iou(matrix) == 0.375


def test_shapes_are_static_and_counts_are_whole_numbers():
    spec = tf.TensorSpec([2, 8, 8], tf.uint8)
    count = tf.function(lambda *pair: metrics.confusion_matrix(*pair, 3, 255))
    concrete = count.get_concrete_function(spec, spec)
    assert concrete.output_shapes == [3, 3]
    assert concrete.output_dtypes == tf.int64


def test_an_unknown_label_is_not_dropped_in_silence():
    with pytest.raises(tf.errors.InvalidArgumentError, match="neither a class nor"):
        metrics.confusion_matrix(np.full((1, 2, 2), 7), np.zeros((1, 2, 2), np.int32), 3, 255)


@pytest.mark.parametrize(
    "metric", [metrics.mean_iou, metrics.pixel_accuracy, metrics.frequency_weighted_iou]
)
def test_nothing_counted_is_told(metric):
    with pytest.raises(UserError, match="ignore label"):
        metric(np.zeros((3, 3)))


@pytest.mark.parametrize("classes", [6, 151])
def test_matches_the_official_metric(classes):
    cases = json.loads((_OFFICIAL / "miou.json").read_text())
    (name,) = [name for name in cases if name.startswith(f"case_{classes}_")]
    case = cases[name]
    inputs = np.load(_OFFICIAL / "miou_inputs.npz")
    total = np.zeros((classes, classes), np.int64)
    for labels, predictions, expected in zip(
        inputs[f"labels_{classes}"],
        inputs[f"predictions_{classes}"],
        case["mean_iou_after_each_batch"],
        strict=True,
    ):
        total += metrics.confusion_matrix(
            labels[..., 0], predictions, classes, case["ignore_label"]
        ).numpy()
        assert metrics.mean_iou(total) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_array_equal(total, case["confusion_rows_label_cols_prediction"])
