"""Atrous spatial pyramid pooling (official `model.extract_features`; DeepLabv3)."""

import keras
import tensorflow as tf

from deeplab_nas.core import head_layers
from deeplab_nas.core.kernels import resize
from deeplab_nas.core.layers import stepped_random


def default_rates(output_stride):
    """Atrous rates that see as far at any output stride as 12, 24, 36 do at 8 (DeepLabv3)."""
    return tuple(k * 96 // output_stride for k in (1, 2, 3))


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Aspp(keras.layers.Layer):
    """Image pooling, a 1x1 and several atrous 3x3 convolutions, concatenated and projected."""

    def __init__(
        self,
        output_stride,
        atrous_rates=None,
        filters=256,
        separable=False,
        image_pooling=True,
        image_pooling_crop_size=None,
        dropout_keep_prob=0.9,
        batch_norm_options=None,
        seed=0,
        **kwargs,
    ):
        """Creates the layer.

        Args:
            output_stride: Of the features.
            atrous_rates: One for each 3x3 branch; `default_rates` if None.
            filters: Channels of each branch and of the output.
            separable: Whether the 3x3 convolutions are split into depthwise and pointwise.
            image_pooling: Whether there is a branch of pooled features.
            image_pooling_crop_size: `(height, width)` of the part of the image, in pixels, that is
                averaged around each position; the whole image if None. At another size than that
                of training a fixed part keeps the statistics of training.
            dropout_keep_prob: Of the projected features; 1 is off.
            batch_norm_options: Keyword arguments of `batch_norm.BatchNorm`.
            seed: Of the dropout.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.output_stride = output_stride
        self.atrous_rates = list(
            default_rates(output_stride) if atrous_rates is None else atrous_rates
        )
        self.filters = filters
        self.separable = separable
        self.image_pooling_crop_size = image_pooling_crop_size and list(image_pooling_crop_size)
        self.dropout_keep_prob = dropout_keep_prob
        self.batch_norm_options = batch_norm_options or {}
        self.seed = seed
        shared = {"batch_norm_options": self.batch_norm_options, "dtype": self.dtype_policy.name}

        def pointwise(name):
            return head_layers.HeadConvolution(filters, 1, name=name, **shared)

        self.image_pooling = pointwise("image_pooling") if image_pooling else None
        self.branches = [[pointwise("aspp0")]]
        for i, rate in enumerate(self.atrous_rates, 1):
            self.branches.append(
                head_layers.convolution_3x3(f"aspp{i}", filters, rate, separable, **shared)
            )
        self.projection = pointwise("concat_projection")
        self.dropout = None
        if dropout_keep_prob != 1.0:
            self.dropout = stepped_random.SteppedDropout(
                dropout_keep_prob, seed=seed, name="dropout", dtype=self.dtype_policy.name
            )

    def build(self, features_shape):
        channels = features_shape[-1]
        num_branches = len(self.branches)
        if self.image_pooling:
            self.image_pooling.build((None, None, None, channels))
            num_branches += 1
        for branch in self.branches:
            head_layers.build_chain(branch, channels)
        self.projection.build((None, None, None, num_branches * self.filters))
        if self.dropout:
            self.dropout.build()
        self.built = True

    def call(self, features, training=False, dropout=False):
        """Applies the layer.

        Args:
            features: `[batch, height, width, channels]`, rectified.
            training: Whether to normalise by the batch's statistics.
            dropout: Whether to drop features out.

        Returns:
            `[batch, height, width, filters]`.
        """
        outputs = []
        if self.image_pooling:
            outputs.append(self._pool(features, training))
        for branch in self.branches:
            outputs.append(head_layers.call_chain(branch, features, training))
        outputs = self.projection(tf.concat(outputs, -1), training=training)
        return self.dropout(outputs, training=dropout) if self.dropout else outputs

    def _pool(self, features, training):
        size = resize.image_size(features)
        if self.image_pooling_crop_size is None:
            pooled = tf.reduce_mean(features, [1, 2], keepdims=True)
        else:
            pooled = self._window_means(features, size)
        pooled = self.image_pooling(pooled, training=training)
        return resize.resize_by_kernel(pooled, size)

    def _window_means(self, features, size):
        """Means over all windows of the crop's size that lie in the features, or over them all."""
        rows, columns = (
            _window_matrix(side, resize.scale_dimension(crop, 1.0 / self.output_stride))
            for side, crop in zip(size, self.image_pooling_crop_size, strict=True)
        )
        means = tf.einsum("ih,bhwc,jw->bijc", rows, tf.cast(features, tf.float32), columns)
        return tf.cast(means, features.dtype)


def _window_matrix(side, window):
    """Matrix that averages every run of `window` points of `side`: `[side - window + 1, side]`."""
    window = tf.minimum(window, side)
    offsets = tf.range(side)[None, :] - tf.range(side - window + 1)[:, None]
    inside = (offsets >= 0) & (offsets < window)
    return tf.cast(inside, tf.float32) / tf.cast(window, tf.float32)
