"""The continuous relaxation: alpha and beta become weights (Auto-DeepLab, section 4, eq. 3-7)."""

import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_genotypes, trellis


def operation_weights(alpha):
    """Softmax over the candidate operations of each edge, `zero` included (eq. 3).

    Args:
        alpha: `[edges, operations]`, float32.

    Returns:
        `[edges, operations]`, rows that sum to one.
    """
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
    logits = tf.where(mask, beta, tf.fill(tf.shape(beta), np.float32(-1e9)))
    return tf.where(mask, tf.nn.softmax(logits, axis=-1), tf.zeros_like(beta))


def spread_matrix(weights, channels):
    """Kernel of the 1x1 convolution that mixes whole groups of channels.

    Args:
        weights: `[groups_in, groups_out]`.
        channels: Channels of a group.

    Returns:
        `[1, 1, groups_in * channels, groups_out * channels]`: output group `o` is the sum of
        `weights[i, o]` times input group `i`.
    """
    groups_in, groups_out = weights.shape
    kernel = tf.einsum("io,cd->icod", weights, tf.eye(channels, dtype=weights.dtype))
    return tf.reshape(kernel, [1, 1, groups_in * channels, groups_out * channels])


class OperationGates:
    """The operation weights, laid out for the edges that leave each state of a cell.

    All cells share alpha, so one object serves a whole forward pass; what cells of one width have
    in common is computed once.
    """

    def __init__(self, alpha, num_blocks):
        """Args: alpha `[edges, operations]` as `operation_weights` takes it; num_blocks B."""
        weights = operation_weights(alpha)
        sources = np.array([source for source, _ in trellis.edges(num_blocks)])
        self._weights = [
            tf.gather(weights, np.flatnonzero(sources == state)) for state in range(num_blocks + 1)
        ]
        self._made = {}

    def scale(self, state, operation, width):
        """Weight of `operation` for every channel of the consumers of `state`.

        Returns:
            `[consumers * width]`, consumer-major.
        """
        key = ("scale", state, operation, width)
        if key not in self._made:
            column = nas_genotypes.SEARCH_OPERATIONS.index(operation)
            gates = self._weights[state][:, column, None]
            self._made[key] = tf.reshape(tf.tile(gates, [1, width]), [-1])
        return self._made[key]

    def spread(self, state, operations, width):
        """Kernel that sends `operations`, side by side, to the consumers of `state`.

        Returns:
            `[1, 1, len(operations) * width, consumers * width]`, see `spread_matrix`.
        """
        key = ("spread", state, operations, width)
        if key not in self._made:
            columns = [nas_genotypes.SEARCH_OPERATIONS.index(name) for name in operations]
            gates = tf.gather(self._weights[state], columns, axis=1)
            self._made[key] = spread_matrix(tf.transpose(gates), width)
        return self._made[key]
