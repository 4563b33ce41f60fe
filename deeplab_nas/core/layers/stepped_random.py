"""Random numbers of a training step that a resumed run draws again, on any number of replicas."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SteppedRandom(keras.layers.Layer):
    """Counts training steps and derives a seed from (seed, step), and nothing else.

    The counter is a variable, so that a checkpoint carries it. A step is a call in training. Draws
    go by the number of a sample in the global batch, see `first_sample`: replicas draw different
    numbers, and together those that one alone draws.
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
            TensorFlow's stateless functions, int64 `[2]`; both the same on every replica.
        """
        step = tf.identity(tf.convert_to_tensor(self.step))
        self.step.assign_add(1)
        return step, tf.stack([tf.constant(self.seed, tf.int64), step])


def first_sample(batch_size):
    """Number, in the global batch, of the first sample of this replica's `batch_size`."""
    context = tf.distribute.get_replica_context()
    return batch_size * context.replica_id_in_sync_group if context else 0


def global_batch_size(batch_size):
    """Samples of all replicas, of which each has `batch_size`."""
    context = tf.distribute.get_replica_context()
    return batch_size * context.num_replicas_in_sync if context else batch_size


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SteppedDropout(SteppedRandom):
    """Dropout that is a function of (seed, step, number of the sample in the global batch)."""

    def __init__(self, keep_prob=0.9, **kwargs):
        """Args: keep_prob, the probability that a value is kept."""
        super().__init__(**kwargs)
        self.keep_prob = keep_prob

    def call(self, inputs, training=False):
        """Drops values in training and scales those that stay by 1 / keep_prob."""
        if not training:
            return inputs
        _, seed = self.next_step()
        shape = tf.shape(inputs)

        def draw(sample):
            return tf.random.stateless_uniform(shape[1:], tf.random.fold_in(seed, sample))

        samples = first_sample(shape[0]) + tf.range(shape[0])
        drawn = tf.map_fn(draw, samples, fn_output_signature=tf.float32)
        kept = tf.ensure_shape(drawn < self.keep_prob, inputs.shape)
        return inputs * tf.cast(kept, inputs.dtype) / self.keep_prob
