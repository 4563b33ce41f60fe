"""Batch normalisation by the fused kernel, with the official moving statistics."""

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import target
from deeplab_nas.core.layers.batch_statistics import fused, normalize_by_batch


@keras.saving.register_keras_serializable(package="deeplab_nas")
class BatchNorm(keras.layers.Layer):
    """Normalises each channel; official `slim.batch_norm` with gamma and beta.

    Unlike Keras' layer it keeps the moving average of the unbiased variance, N / (N - 1) times
    that of the batch, as TensorFlow 1 did. Variables and statistics are float32 at any compute
    dtype. A layer that is not trainable normalises by the moving statistics.
    """

    def __init__(self, decay=0.9997, epsilon=1e-3, synchronized=False, folded=False, **kwargs):
        """Creates the layer.

        Args:
            decay: Of the moving mean and variance; 1 leaves them as they are.
            epsilon: Added to the variance.
            synchronized: Whether replicas share the statistics of the global batch. Otherwise each
                keeps its own, and the first replica's are saved, as in the official code.
            folded: Whether only the offset is left, the scale being part of the convolution before;
                see `folding.fold`. Such a layer cannot be trained.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.decay = decay
        self.epsilon = epsilon
        self.synchronized = synchronized
        self.folded = folded

    def build(self, inputs_shape):
        channels = inputs_shape[-1:]
        if not self.folded:
            self.gamma = self._add("gamma", channels, "ones", trainable=True)
        self.beta = self._add("beta", channels, "zeros", trainable=True)
        if not self.folded:
            self.moving_mean = self._add("moving_mean", channels, "zeros", trainable=False)
            self.moving_variance = self._add("moving_variance", channels, "ones", trainable=False)
        self.built = True

    def _add(self, name, shape, initializer, trainable):
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=trainable, autocast=False
        )

    def call(self, inputs, training=False):
        """Normalises `[batch, height, width, channels]`; in training by the batch's statistics."""
        if self.folded:
            if training and self.trainable:
                raise ValueError("A folded batch normalisation cannot be trained.")
            return tf.nn.bias_add(inputs, tf.cast(self.beta, inputs.dtype))
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        if not (training and self.trainable):
            mean = tf.convert_to_tensor(self.moving_mean)
            variance = tf.convert_to_tensor(self.moving_variance)
            return fused(inputs, gamma, beta, mean, variance, self.epsilon, False)[0]
        outputs, mean, variance = normalize_by_batch(
            inputs, gamma, beta, self.epsilon, self.synchronized
        )
        if self.decay == 1.0:
            # Not even traced.
            return outputs
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving - (moving - batch) * (1.0 - self.decay))
        return outputs

    def scale_and_offset(self):
        """The linear map that the layer is at inference: two float32 tensors `[channels]`."""
        scale = self.gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
        return scale, self.beta - self.moving_mean * scale


def convolve_and_normalize(convolve, norm, inputs, training):
    """Applies a convolution without bias and then `BatchNorm`.

    At inference both are one convolution in low precision, since TensorFlow's graph optimiser fuses
    them in float32 only, and where oneDNN has no direct convolutions, since what is fused is then
    normalised number by number: a hundred times as slowly.

    Args:
        convolve: Function of `inputs` and, by keyword, `scale`: None, or what to multiply the
            outputs by, `[channels]`.
        norm: `BatchNorm`.
        inputs: `[batch, height, width, *]`.
        training: Whether to normalise by the batch's statistics.

    Returns:
        `[batch, *, *, channels]`.
    """
    is_fused_well = inputs.dtype == tf.float32 and target.has_direct_convolutions()
    if is_fused_well or norm.folded or (training and norm.trainable):
        return norm(convolve(inputs), training=training)
    scale, offset = norm.scale_and_offset()
    return tf.nn.bias_add(convolve(inputs, scale=scale), tf.cast(offset, inputs.dtype))
