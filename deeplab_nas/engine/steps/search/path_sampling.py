"""Training single paths beside the whole supernet."""

import numpy as np
import tensorflow as tf

from deeplab_nas.core import trellis


def draw(num_layers, seed):
    """Draws a path, each of `trellis.paths` as probable as any other.

    A weight step that trains such a path too fits the weights for what they are asked when all
    other paths are cut (single path one-shot, Guo et al., ECCV 2020, section 3.2; beside the whole,
    the sandwich rule of Yu & Huang, ICCV 2019, section 3.1).

    Args:
        num_layers: L.
        seed: Of a stateless draw, integers `[2]`.

    Returns:
        float32 `[num_layers, 4, 3]`, 1 for the arrows of the path and 0 for all others.
    """
    shares = tf.constant(_shares(num_layers))
    draws = tf.random.stateless_uniform([num_layers], seed)
    level = tf.one_hot(0, shares.shape[1])
    taken = []
    for layer, draw_of_layer in enumerate(tf.unstack(draws)):
        reached = tf.cumsum(tf.linalg.matvec(shares[layer], level, transpose_a=True))
        # Rounding may leave the sum a little below one.
        choice = tf.reduce_sum(tf.cast(reached[:-1] <= draw_of_layer * reached[-1], tf.int32))
        taken.append(level[:, None] * tf.one_hot(choice, trellis.NUM_DIRECTIONS))
        level = tf.roll(level, choice - trellis.SAME, axis=0)
    return tf.stack(taken)


def _shares(num_layers):
    """The share of the paths through each node that leaves it by each arrow, `[layers, 4, 3]`."""
    mask = trellis.arrow_mask(num_layers)
    shares = np.zeros(mask.shape, np.float32)
    rest = np.ones(mask.shape[1])
    for layer in reversed(range(num_layers)):
        counts = np.zeros(mask.shape[1:])
        for direction in range(trellis.NUM_DIRECTIONS):
            counts[:, direction] = np.roll(rest, trellis.SAME - direction)
        counts *= mask[layer]
        rest = counts.sum(axis=1)
        shares[layer] = counts / np.maximum(rest, 1)[:, None]
    return shares
