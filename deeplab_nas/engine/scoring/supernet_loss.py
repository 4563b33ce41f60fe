"""The loss of a supernet of which a part is cut away."""

import functools

import tensorflow as tf

from deeplab_nas.engine.devices import replicas
from deeplab_nas.engine.steps import losses
from deeplab_nas.supernet.relaxation import Weights
from deeplab_nas.supernet.search_cell import SearchCell
from deeplab_nas.supernet.unreached import SKIPPED


class SupernetLoss:
    """Mean cross entropy over the valid pixels of some batches, always the same ones.

    Batch normalisation takes the statistics of the batch, since the averages are those of the whole
    supernet, and moves no average.
    """

    def __init__(self, strategy, supernet, ignore_label):
        """Creates the function.

        Args:
            strategy: A `tf.distribute.Strategy`.
            supernet: A built `Supernet`.
            ignore_label: Label id that does not count.
        """
        self._strategy = strategy
        self._supernet = supernet
        self._ignore_label = ignore_label
        self._compiled = tf.function(self.of_batch, autograph=False)

    def on(self, batches):
        """Returns it as a function of operations and arrows; arguments as of a call."""
        return functools.partial(self, batches)

    def __call__(self, batches, operations, arrows):
        """Computes it.

        Args:
            batches: Distributed batches `(images, labels)`, a list.
            operations: `[edges, operations]`, what each operation is weighed by.
            arrows: `[layers, 4, 3]`, what each arrow is weighed by; None where the path is fixed.

        Returns:
            Nats a pixel, the mean over the batches.
        """
        operations = tf.constant(operations, tf.float32)
        arrows = None if arrows is None else tf.constant(arrows, tf.float32)
        found = [self._compiled(*batch, operations, arrows) for batch in batches]
        return sum(float(loss) for loss in found) / len(found)

    def of_batch(self, images, labels, operations, arrows):
        """Computes it for one distributed batch; returns a scalar tensor."""
        loss = self._strategy.run(self._replica_loss, args=(images, labels, operations, arrows))
        return self._strategy.experimental_local_results(loss)[0]

    def _replica_loss(self, images, labels, operations, arrows):
        logits = self._supernet(
            images,
            training=True,
            frozen=SearchCell.ARCHITECTURE,
            relaxed=Weights(operations, arrows),
            track_statistics=False,
            unreached=SKIPPED,
        )
        loss_sum, num_valid = losses.pixel_cross_entropy(logits, labels, self._ignore_label)
        total, count = replicas.sum_over_replicas([loss_sum, num_valid])
        return losses.mean_loss(total, count)
