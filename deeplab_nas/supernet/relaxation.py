"""The continuous relaxation: alpha and beta become weights (Auto-DeepLab, section 4, eq. 3-7)."""

import dataclasses

import numpy as np
import tensorflow as tf

from deeplab_nas.core import trellis
from deeplab_nas.core.operations import SEARCH_OPERATIONS

# Its exponential is 0 beside any logit.
_OUT = np.float32(-1e9)


def operation_weights(alpha, kept=None):
    """Softmax over the candidate operations of each edge, `zero` included (eq. 3).

    Args:
        alpha: `[edges, operations]`, float32.
        kept: bool `[edges, operations]`, the candidates that are left; None for all.

    Returns:
        `[edges, operations]`, rows that sum to one.
    """
    if kept is not None and not kept.all():
        alpha = tf.where(kept, alpha, tf.fill(tf.shape(alpha), _OUT))
    return tf.nn.softmax(alpha, axis=-1)


def arrow_weights(beta):
    """Softmax over the arrows that leave each node of the trellis (eq. 7).

    Args:
        beta: `[layers, 4, 3]`, float32; row `[l, level]` holds the arrows up, same and down that
            leave the node at `level` after `l` layers.

    Returns:
        `[layers, 4, 3]`; the arrows that exist sum to one at each node, all others are 0.
    """
    mask = tf.constant(trellis.arrow_mask(beta.shape[0]))
    logits = tf.where(mask, beta, tf.fill(tf.shape(beta), _OUT))
    return tf.where(mask, tf.nn.softmax(logits, axis=-1), tf.zeros_like(beta))


@dataclasses.dataclass(frozen=True)
class Weights:
    """What the candidates of a supernet are weighed by.

    Attributes:
        operations: `[edges, operations]`, float32.
        arrows: `[layers, 4, 3]`, float32; None where the path is fixed.
    """

    operations: tf.Tensor
    arrows: tf.Tensor | None


class OperationGates:
    """The operation weights, laid out for the edges that leave each stage of a cell.

    All cells share alpha, so one object serves a whole forward pass; what cells of one width have
    in common is computed once.
    """

    def __init__(self, weights, num_blocks, operations=SEARCH_OPERATIONS):
        """Args: weights `[edges, operations]`; num_blocks B; operations, names of its columns."""
        self._columns = {name: column for column, name in enumerate(operations)}
        edges = trellis.edges(num_blocks)
        by_state = sorted(range(len(edges)), key=lambda row: edges[row])
        self._stages = trellis.stages(num_blocks)
        self._weights = [
            tf.gather(weights, [row for row in by_state if edges[row][0] in states])
            for states in self._stages
        ]
        self._made = {}

    def scales(self, operations, width):
        """Weights of `operations` for every channel of the edges, of `width` channels each.

        Returns:
            For each stage `[len(operations), states * consumers * width]`.
        """
        return self._once(
            ("scales", operations, width),
            lambda weights, _: tf.repeat(tf.transpose(weights), width, axis=1),
        )

    def mixes(self, operations):
        """Weights by which each consumer sums what `operations` make of the states.

        Returns:
            For each stage `[consumers, len(operations) * states]`, operations first.
        """

        def make(weights, states):
            consumers = weights.shape[0] // len(states)
            weights = tf.reshape(weights, [len(states), consumers, len(operations)])
            mixes = tf.transpose(weights, [1, 2, 0])
            return tf.reshape(mixes, [consumers, len(operations) * len(states)])

        return self._once(("mixes", operations), make)

    def _once(self, key, make):
        if key not in self._made:
            columns = np.array([self._columns[name] for name in key[1]], np.int32)
            self._made[key] = [
                make(tf.gather(weights, columns, axis=1), states)
                for weights, states in zip(self._weights, self._stages, strict=True)
            ]
        return self._made[key]
