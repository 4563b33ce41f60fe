"""Runs a network over batches of a split and counts what it gets right."""

import dataclasses

import numpy as np
import tensorflow as tf

from deeplab_nas.data import pipeline, record_faults
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.scoring import metrics


@dataclasses.dataclass(frozen=True)
class Counts:
    """What was counted over one batch.

    Attributes:
        matrix: The confusion matrix of all replicas, int64 `[num_classes, num_classes]`.
        image_matrices: Those of the images, int64 `[batch, num_classes, num_classes]`, one array
            for each local replica.
        predictions: int32 `[batch, height, width]`, one array for each local replica.
    """

    matrix: np.ndarray
    image_matrices: list[np.ndarray]
    predictions: list[np.ndarray]


class SplitEvaluator:
    """Evaluates one network on one split."""

    def __init__(self, strategy, scores, split):
        """Creates the evaluator.

        Args:
            strategy: A `tf.distribute.Strategy`.
            scores: Function from images `[batch, height, width, 3]` to something whose largest
                value over the last axis is the class, such as logits.
            split: `Split` that is evaluated on.
        """
        self._strategy = strategy
        self._scores = scores
        self._split = split
        self._descriptor = split.descriptor
        self.trace()

    def trace(self):
        """Makes the functions of a batch, anew where the network has changed its graph."""
        self._predict = tf.function(self._predict_step, autograph=False, reduce_retracing=True)
        self._count = tf.function(self._count_step, autograph=False, reduce_retracing=True)

    def padded(self, config):
        """Makes the function that evaluates on images padded to one static size, again and again.

        Args:
            config: `DataConfig`.

        Returns:
            Function without arguments. It returns the confusion matrix, and images, labels and
            predictions of the first batch; it raises a `UserError` that names a record that cannot
            be used.
        """

        def dataset(context=None):
            return pipeline.eval_dataset(config, self._split, context)

        batches = strategies.distributed(self._strategy, dataset)
        whole_batches = dataset()

        def evaluate():
            with record_faults.named(self._split):
                matrix = self.confusion_matrix(batches)
            images, labels = next(iter(whole_batches))
            return matrix, (images.numpy(), labels.numpy(), self.predict(images))

        return evaluate

    def confusion_matrix(self, dataset):
        """Counts over distributed batches `(images, labels)`; returns one matrix of all."""
        classes = self._descriptor.num_classes
        matrix = np.zeros([classes, classes], np.int64)
        for images, labels in dataset:
            matrix += self.count(images, labels).matrix
        return matrix

    def count(self, images, labels):
        """Counts over one distributed batch.

        Args:
            images: float32 `[batch, height, width, 3]` of each replica.
            labels: int32 `[batch, height, width]` of each replica.

        Returns:
            The `Counts`.
        """
        matrix, *of_images = self._count(images, labels)
        local = map(self._strategy.experimental_local_results, of_images)
        image_matrices, predictions = ([each.numpy() for each in values] for values in local)
        return Counts(matrix.numpy(), image_matrices, predictions)

    def predict(self, images):
        """Label ids `[batch, height, width]`, int32, of images `[batch, height, width, 3]`."""
        return self._predict(images).numpy()

    def _predict_step(self, images):
        return tf.argmax(self._scores(images), axis=-1, output_type=tf.int32)

    def _count_step(self, images, labels):
        sums, *of_images = self._strategy.run(self._replica_counts, args=(images, labels))
        return self._strategy.reduce("SUM", sums, axis=None), *of_images

    def _replica_counts(self, images, labels):
        predictions = self._predict_step(images)
        matrices = metrics.image_confusion_matrices(
            labels, predictions, self._descriptor.num_classes, self._descriptor.ignore_label
        )
        return tf.reduce_sum(matrices, axis=0), matrices, predictions
