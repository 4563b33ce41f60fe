"""Confusion matrix and what is read from it: IoU and accuracy.

Everywhere, `matrix` is the pixel counts `[classes, classes]` of a whole split, rows are labels and
columns predictions. What is one number lies in 0..1 and raises `UserError` if no pixel was counted.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from deeplab_nas.errors import UserError


def image_confusion_matrices(
    labels: tf.Tensor, predictions: tf.Tensor, num_classes: int, ignore_label: int
) -> tf.Tensor:
    """Counts the pixels of each (label, prediction) pair, in the graph and with static shapes.

    The count is a product of one-hot matrices, which every accelerator runs well. It is taken per
    image, because float32 counts exactly only up to 2^24 pixels.

    Args:
        labels: Class ids `[batch, height, width]`, of any integer type.
        predictions: Class ids of the same shape, of any integer type.
        num_classes: Number of classes.
        ignore_label: Id of the pixels that do not count.

    Returns:
        int64 `[batch, num_classes, num_classes]`, rows are labels and columns predictions. Sum the
        matrices of a whole split before reading a metric from them.

    Raises:
        tf.errors.InvalidArgumentError: A label is neither a class nor `ignore_label` (not checked
            on TPU, which runs no assertions).
    """
    labels = tf.cast(labels, tf.int32)
    valid = tf.not_equal(labels, ignore_label)
    counted_labels = tf.where(valid, labels, tf.zeros_like(labels))
    tf.debugging.assert_less(
        counted_labels, num_classes, message="A label is neither a class nor the ignore label."
    )
    label_rows = tf.one_hot(counted_labels, num_classes) * tf.cast(valid, tf.float32)[..., None]
    prediction_rows = tf.one_hot(tf.cast(predictions, tf.int32), num_classes)
    per_image = tf.einsum("bhwl,bhwp->blp", label_rows, prediction_rows)
    return tf.cast(per_image, tf.int64)


def confusion_matrix(
    labels: tf.Tensor, predictions: tf.Tensor, num_classes: int, ignore_label: int
) -> tf.Tensor:
    """The sum of `image_confusion_matrices`, int64 `[num_classes, num_classes]`."""
    matrices = image_confusion_matrices(labels, predictions, num_classes, ignore_label)
    return tf.reduce_sum(matrices, axis=0)


def class_iou(matrix: np.ndarray) -> np.ndarray:
    """Intersection over union of each class.

    Args:
        matrix: As above; there may be other axes before its two.

    Returns:
        float64 `[..., classes]` in 0..1; NaN for a class that is neither labelled nor predicted, 0
        for one that is predicted but never labelled.
    """
    matrix = np.asarray(matrix, np.float64)
    intersection = np.diagonal(matrix, axis1=-2, axis2=-1)
    union = matrix.sum(axis=-2) + matrix.sum(axis=-1) - intersection
    return np.divide(intersection, union, out=np.full_like(intersection, np.nan), where=union > 0)


def by_class(class_names: Sequence[str], values: np.ndarray) -> dict[str, float]:
    """Names the values `[classes]`; those that are NaN, of absent classes, are left out."""
    pairs = zip(class_names, values, strict=True)
    return {name: float(value) for name, value in pairs if np.isfinite(value)}


def mean_iou(matrix: np.ndarray) -> float:
    """Mean of the class IoUs by the official convention.

    A class that is predicted but never labelled counts as 0; one that is neither is left out.
    """
    _require_pixels(matrix)
    return float(np.nanmean(class_iou(matrix)))


def pixel_accuracy(matrix: np.ndarray) -> float:
    """Share of the counted pixels whose prediction is right."""
    _require_pixels(matrix)
    return float(np.trace(matrix) / np.sum(matrix))


def class_accuracy(matrix: np.ndarray) -> np.ndarray:
    """Share of each class's labelled pixels whose prediction is right.

    Returns:
        float64 `[classes]` in 0..1; NaN for a class that is not labelled.
    """
    matrix = np.asarray(matrix, np.float64)
    labelled = matrix.sum(axis=1)
    right = np.diag(matrix)
    return np.divide(right, labelled, out=np.full_like(right, np.nan), where=labelled > 0)


def frequency_weighted_iou(matrix: np.ndarray) -> float:
    """Mean of the class IoUs, each weighted by its share of the labelled pixels.

    Source: Long et al., Fully Convolutional Networks, section 5.
    """
    _require_pixels(matrix)
    frequency = np.sum(matrix, axis=1) / np.sum(matrix)
    return float(np.nansum(frequency * class_iou(matrix)))


def _require_pixels(matrix: np.ndarray) -> None:
    if not np.any(matrix):
        raise UserError(
            "Expected labelled pixels to measure on, found only ignored ones: check the label ids "
            "of the evaluated split and the data set's ignore label."
        )
