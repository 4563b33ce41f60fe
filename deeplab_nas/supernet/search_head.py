"""The head on each scale of the supernet: a three-branch ASPP (Auto-DeepLab, section 4.2)."""

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import convolution
from deeplab_nas.supernet import normalization

_BRANCHES = 3


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SearchHead(keras.layers.Layer):
    """1x1 convolution, atrous 3x3 convolution and image pooling, then a 1x1 convolution to logits.

    The atrous rate is 96 / output stride: 24, 12, 6 and 3.
    """

    def __init__(self, output_stride, filters, num_classes, batch_norm_decay, **kwargs):
        """Args: output_stride of the features; filters of each branch; batch_norm_decay."""
        super().__init__(**kwargs)
        self.output_stride = output_stride
        self.filters = filters
        self.num_classes = num_classes
        self.batch_norm_decay = batch_norm_decay

    def build(self, features_shape):
        channels = features_shape[-1]
        self.pointwise = self._add_kernel("pointwise", 1, channels, self.filters)
        self.atrous = self._add_kernel("atrous", 3, channels, self.filters)
        self.pooling = self._add_kernel("image_pooling", 1, channels, self.filters)
        self.logits = self._add_kernel("logits", 1, _BRANCHES * self.filters, self.num_classes)
        self.bias = self.add_weight(
            name="logits_bias", shape=(self.num_classes,), initializer="zeros"
        )
        self.statistics = normalization.MovingStatistics(
            _BRANCHES * self.filters, self.batch_norm_decay, name="statistics"
        )
        self.statistics.build()
        self.built = True

    def _add_kernel(self, name, size, in_channels, out_channels):
        return self.add_weight(
            name=name,
            shape=(size, size, in_channels, out_channels),
            initializer=convolution.fan_in_uniform(size * size * in_channels),
        )

    def call(self, features, training=False):
        """Classifies each position.

        Args:
            features: H^L_s, `[batch, height, width, channels]`, before any ReLU.
            training: Whether to normalise by the batch's statistics.

        Returns:
            Logits, `[batch, height, width, num_classes]`.
        """
        statistics = self.statistics.pass_through(training)

        def branch(inputs, kernel, rate=1):
            outputs = convolution.conv2d(inputs, tf.convert_to_tensor(kernel), rate=rate)
            return tf.nn.relu(statistics.normalize(outputs))

        features = tf.nn.relu(features)
        pooled = branch(tf.reduce_mean(features, [1, 2], keepdims=True), self.pooling)
        local = branch(features, self.pointwise)
        context = branch(features, self.atrous, rate=96 // self.output_stride)
        self.statistics.update(statistics.finish())
        pooled = tf.broadcast_to(pooled, tf.shape(local))
        outputs = tf.concat([local, context, pooled], -1)
        outputs = convolution.conv2d(outputs, tf.convert_to_tensor(self.logits))
        return tf.nn.bias_add(outputs, tf.convert_to_tensor(self.bias))
