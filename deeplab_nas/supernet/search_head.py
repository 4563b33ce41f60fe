"""The head on each scale of the supernet: a three-branch ASPP (Auto-DeepLab, section 4.2)."""

import keras
import tensorflow as tf

from deeplab_nas.core.kernels import convolution
from deeplab_nas.core.nas_operations import add_kernel
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
        channels, outputs = features_shape[-1], _BRANCHES * self.filters
        self.pointwise, self.atrous, self.pooling, self.logits = (
            add_kernel(self, name, shape, autocast=True)
            for name, shape in (
                ("pointwise", (1, 1, channels, self.filters)),
                ("atrous", (3, 3, channels, self.filters)),
                ("image_pooling", (1, 1, channels, self.filters)),
                ("logits", (1, 1, outputs, self.num_classes)),
            )
        )
        self.bias = self.add_weight(
            name="logits_bias", shape=(self.num_classes,), initializer="zeros"
        )
        self.statistics = normalization.MovingStatistics(
            outputs, self.batch_norm_decay, name="statistics"
        )
        self.statistics.build()
        self.built = True

    def call(self, features, training=False, track_statistics=True):
        """Classifies each position.

        Args:
            features: H^L_s, `[batch, height, width, channels]`, before any ReLU.
            training: Whether to normalise by the batch's statistics.
            track_statistics: Whether training moves the averages of the statistics.

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
        batch = statistics.finish()
        if track_statistics:
            self.statistics.update(batch)
        pooled = tf.broadcast_to(pooled, tf.shape(local))
        outputs = tf.concat([local, context, pooled], -1)
        outputs = convolution.conv2d(outputs, tf.convert_to_tensor(self.logits))
        return tf.nn.bias_add(outputs, tf.convert_to_tensor(self.bias))
