"""Runs a network over a split and counts what it gets right."""

import numpy as np
import tensorflow as tf

from deeplab_nas.engine import metrics


class SplitEvaluator:
    """Evaluates one model on batches of one static size."""

    def __init__(self, strategy, model, descriptor):
        """Args: strategy; model from images to logits; descriptor of the data set."""
        self._strategy = strategy
        self._model = model
        self._descriptor = descriptor
        self._predict = tf.function(self._predict_step, autograph=False)
        self._count = tf.function(self._count_step, autograph=False)

    def confusion_matrix(self, dataset):
        """Counts over a whole split.

        Args:
            dataset: Distributed batches `(images, labels)`.

        Returns:
            int64 `[num_classes, num_classes]`, rows are labels and columns predictions.
        """
        classes = self._descriptor.num_classes
        matrix = np.zeros([classes, classes], np.int64)
        for images, labels in dataset:
            matrix += self._count(images, labels).numpy()
        return matrix

    def predict(self, images):
        """Label ids `[batch, height, width]`, int32, of images `[batch, height, width, 3]`."""
        return self._predict(images).numpy()

    def _predict_step(self, images):
        logits = self._model(images, training=False)
        return tf.argmax(logits, axis=-1, output_type=tf.int32)

    def _count_step(self, images, labels):
        counts = self._strategy.run(self._replica_counts, args=(images, labels))
        return self._strategy.reduce("SUM", counts, axis=None)

    def _replica_counts(self, images, labels):
        return metrics.confusion_matrix(
            labels,
            self._predict_step(images),
            self._descriptor.num_classes,
            self._descriptor.ignore_label,
        )
