"""Random numbers of a training step that a resumed run draws again."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SteppedRandom(keras.layers.Layer):
    """Counts training steps and derives a seed from (seed, step, replica), and nothing else.

    The counter is a variable, so that a checkpoint carries it. A step is a call in training.
    """

    def __init__(self, seed=0, **kwargs):
        """Args: seed, an int; two layers that should be independent need different ones."""
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, inputs_shape=None):
        self.step = self.add_weight(
            name="step", shape=(), dtype="int64", initializer="zeros", trainable=False
        )
        self.built = True

    def next_step(self):
        """Counts one step.

        Returns:
            The number of steps before this one, a scalar int64, and the seed of this step for
            TensorFlow's stateless functions, int64 `[2]`, another on each replica.
        """
        step = tf.identity(tf.convert_to_tensor(self.step))
        self.step.assign_add(1)
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group if context else 0
        seed = tf.stack([tf.constant(self.seed, tf.int64), step])
        return step, tf.random.fold_in(seed, replica)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SteppedDropout(SteppedRandom):
    """Dropout that is a function of (seed, step, replica)."""

    def __init__(self, keep_prob=0.9, **kwargs):
        """Args: keep_prob, the probability that a value is kept."""
        super().__init__(**kwargs)
        self.keep_prob = keep_prob

    def call(self, inputs, training=False):
        """Drops values in training and scales those that stay by 1 / keep_prob."""
        if not training:
            return inputs
        _, seed = self.next_step()
        return tf.nn.experimental.stateless_dropout(inputs, 1.0 - self.keep_prob, seed)

    def get_config(self):
        return {**super().get_config(), "keep_prob": self.keep_prob}
