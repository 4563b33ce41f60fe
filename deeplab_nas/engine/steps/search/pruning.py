"""Operations are given up in stages, so that those that are left have fewer rivals (P-DARTS)."""

import numpy as np
import tensorflow as tf

from deeplab_nas.core.operations import discrete
from deeplab_nas.supernet import kept_operations


class Pruning:
    """Which operations of a supernet are left, and when which of them go.

    On each edge those stay that the gradients speak for most: by t, see `decisions.preferences`.
    What is given up leaves the graph, so that the steps after it cost less. The stages are of one
    length.

    Attributes:
        kept: `tf.Variable`, bool `[edges, operations]`, for the checkpoint.
    """

    def __init__(self, supernet, tally, counts, first_epoch, last_epoch):
        """Begins with all operations; call it in `strategy.scope()`.

        Args:
            supernet: A built `Supernet`.
            tally: `GradientTally` of its alpha and beta.
            counts: Operations that are left on an edge after each pruning.
            first_epoch: Epochs done when alpha begins to move.
            last_epoch: Epochs of the whole search.
        """
        self._supernet = supernet
        self._tally = tally
        length = (last_epoch - first_epoch) / (len(counts) + 1)
        self._count_after = {
            first_epoch + round(length * stage): count for stage, count in enumerate(counts, 1)
        }
        self.kept = tf.Variable(supernet.kept, trainable=False)

    def resume(self):
        """Leaves out what `kept` says, as a checkpoint restored it."""
        if not self.kept.numpy().all():
            self._supernet.keep(self.kept.numpy())

    def after(self, epoch):
        """Gives operations up if it is time; returns whether it was.

        Args:
            epoch: Epochs done.
        """
        if epoch not in self._count_after:
            return False
        operations = self._supernet.config.operations
        alpha_t, *_ = self._tally.preferences()
        chosen = discrete(operations)
        self.kept.assign(
            kept_operations.strongest(
                alpha_t,
                self.kept.numpy(),
                self._count_after[epoch],
                np.array([name in chosen for name in operations]),
            )
        )
        self._supernet.keep(self.kept.numpy())
        return True
