"""Counting over a split."""

import numpy as np
import tensorflow as tf

from deeplab_nas.data import datasets
from deeplab_nas.data.split import Split
from deeplab_nas.engine.scoring.split_evaluator import SplitEvaluator


def red_channel(images):
    """Scores whose largest is the red channel."""
    return tf.one_hot(tf.cast(images[..., 0], tf.int32), 3)


def test_confusion_matrix_of_a_split_is_a_dictionary_count():
    descriptor = datasets.DatasetDescriptor(
        "made", ("val",), 3, 255, ("a", "b", "c"), ((0, 0, 0), (1, 1, 1), (2, 2, 2))
    )
    rng = np.random.default_rng(0)
    predictions = rng.integers(0, 3, [5, 4, 6])
    labels = rng.choice([0, 1, 2, 255], [5, 4, 6])
    images = np.repeat(predictions[..., None], 3, -1).astype(np.float32)
    expected = np.zeros([3, 3], int)
    for label, prediction in zip(labels.ravel(), predictions.ravel(), strict=True):
        if label != 255:
            expected[label, prediction] += 1
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    evaluator = SplitEvaluator(strategy, red_channel, Split(None, descriptor))
    dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(2)
    distributed = strategy.experimental_distribute_dataset(dataset)
    np.testing.assert_array_equal(evaluator.confusion_matrix(distributed), expected)
    np.testing.assert_array_equal(evaluator.predict(tf.constant(images)), predictions)
