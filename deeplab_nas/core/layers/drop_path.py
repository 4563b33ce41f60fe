"""Scheduled drop path (official `NASBaseCell._apply_drop_path`; the paper's section 5.1)."""

import keras
import tensorflow as tf

from deeplab_nas.core.layers import stepped_random


def keep_probabilities(keep_prob, num_cells, progress):
    """Probability of keeping a branch, which falls with the depth of its cell and with time.

    Args:
        keep_prob: Of the last cell at the end of training.
        num_cells: L.
        progress: Scalar tensor, the finished share of training; 1 from there on.

    Returns:
        float32 `[num_cells]`.
    """
    depth = tf.range(1, num_cells + 1, dtype=tf.float32) / num_cells
    final = 1.0 - depth * (1.0 - keep_prob)
    return 1.0 - tf.minimum(1.0, progress) * (1.0 - final)


@keras.saving.register_keras_serializable(package="deeplab_nas")
class DropPath(stepped_random.SteppedRandom):
    """Draws which branches of which cells drop out, for each sample."""

    def __init__(self, keep_prob, training_number_of_steps, num_cells, num_branches, **kwargs):
        """Creates the layer.

        Args:
            keep_prob: Probability of keeping a branch of the last cell at the end of training.
            training_number_of_steps: Steps over which the probability falls.
            num_cells: L.
            num_branches: Branches of a cell, two a block.
            **kwargs: Of `SteppedRandom`.
        """
        super().__init__(**kwargs)
        self.keep_prob = keep_prob
        self.training_number_of_steps = training_number_of_steps
        self.num_cells = num_cells
        self.num_branches = num_branches

    def draw(self, batch_size):
        """Draws for one training step.

        Args:
            batch_size: Samples of this replica.

        Returns:
            float32 `[num_cells, num_branches, batch_size, 1, 1, 1]`: what to multiply the branch
            by, 0 or one over its probability of being kept.
        """
        step, seed = self.next_step()
        progress = tf.cast(step, tf.float32) / self.training_number_of_steps
        keep = keep_probabilities(self.keep_prob, self.num_cells, progress)
        keep = tf.reshape(keep, [-1, 1, 1, 1, 1, 1])
        samples = stepped_random.global_batch_size(batch_size)
        shape = [samples, self.num_cells, self.num_branches]
        first = stepped_random.first_sample(batch_size)
        drawn = tf.random.stateless_uniform(shape, seed)[first : first + batch_size]
        drawn = tf.transpose(drawn, [1, 2, 0])[..., None, None, None]
        return tf.floor(keep + drawn) / keep
