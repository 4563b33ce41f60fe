"""Parameter-free batch normalisation whose statistics live in two vectors a trellis node."""

import functools

import keras
import tensorflow as tf

from deeplab_nas.core.layers import batch_statistics

EPSILON = 1e-3


@keras.saving.register_keras_serializable(package="deeplab_nas")
class MovingStatistics(keras.layers.Layer):
    """Moving mean and variance of many normalisations, end to end in two vectors.

    A supernet at the paper's size has some two thousand normalisations; a pair of variables and
    of updates for each would be a large part of its graph.
    """

    def __init__(self, channels, decay, **kwargs):
        """Args: channels, the sum over all normalisations; decay, of the moving averages."""
        super().__init__(**kwargs)
        self.channels = channels
        self.decay = decay

    def build(self):
        make = {"shape": (self.channels,), "trainable": False, "autocast": False}
        self.mean = self.add_weight(name="moving_mean", initializer="zeros", **make)
        self.variance = self.add_weight(name="moving_variance", initializer="ones", **make)
        self.built = True

    def given(self, training, channels=None):
        """What a `StatisticsPass` takes: the averages, two tensors `[channels]`; none in training.

        Args:
            training: Whether to normalise by the batch's statistics.
            channels: Numbers of those that the pass normalises, an array; None for all.
        """
        if training:
            return []
        values = [self.mean.value, self.variance.value]
        return values if channels is None else [tf.gather(value, channels) for value in values]

    def pass_through(self, training):
        """Starts a `StatisticsPass`; `training` as in `given`."""
        return StatisticsPass(self.channels, self.given(training))

    def update(self, batch, channels=None):
        """Moves the averages towards what `StatisticsPass.finish` returned; `channels` as above."""
        for variable, values in zip((self.mean, self.variance), batch, strict=bool(batch)):
            if channels is not None:
                values = tf.tensor_scatter_nd_update(variable.value, channels[:, None], values)
            variable.assign(variable * self.decay + values * (1.0 - self.decay))


class StatisticsPass:
    """One forward pass over normalisations, always in the same order.

    It is a function of tensors: it collects the batch's statistics and leaves their averages to
    `MovingStatistics`, so that a pass can be repeated without counting twice.
    """

    def __init__(self, channels, moving):
        """Args: channels, the sum over all normalisations; moving, of `MovingStatistics.given`."""
        self._channels = channels
        self._moving = moving
        self._offset = 0
        self._means = []
        self._variances = []
        # One constant a width instead of one a normalisation keeps the graph small.
        self._zeros = functools.cache(lambda channels: tf.zeros([channels]))
        self._ones = functools.cache(lambda channels: tf.ones([channels]))

    def normalize(self, inputs, scale=None):
        """Normalises each channel, then multiplies it by `scale`.

        Args:
            inputs: `[batch, height, width, channels]`.
            scale: `[channels]` float32, or None for ones. The weight of a candidate operation goes
                here, which spares the multiplication of its whole output.

        Returns:
            `[batch, height, width, channels]`.
        """
        channels = inputs.shape[-1]
        start, self._offset = self._offset, self._offset + channels
        scale = self._ones(channels) if scale is None else scale
        offset = self._zeros(channels)
        if self._moving:
            mean, variance = (values[start : self._offset] for values in self._moving)
            return batch_statistics.fused(inputs, scale, offset, mean, variance, EPSILON, False)[0]
        outputs, mean, variance = batch_statistics.normalize_by_batch(
            inputs, scale, offset, EPSILON, synchronized=True
        )
        self._means.append(mean)
        self._variances.append(variance)
        return outputs

    def finish(self):
        """Ends the pass.

        Returns:
            The batch's means and unbiased variances, two tensors `[channels]` without a gradient;
            none where the moving averages were given.
        """
        if self._offset != self._channels:
            raise ValueError(f"Expected {self._channels} normalised channels, got {self._offset}.")
        if self._moving:
            return []
        return [tf.stop_gradient(tf.concat(each, 0)) for each in (self._means, self._variances)]
