"""The decoder of DeepLabv3+ (official `model.refine_by_decoder`)."""

import keras
import tensorflow as tf

from deeplab_nas.core import head_layers
from deeplab_nas.core.kernels import resize

LOW_LEVEL_FILTERS = 48


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Decoder(keras.layers.Layer):
    """Joins features with low-level ones at stride 4 and refines them by two 3x3 convolutions."""

    def __init__(self, filters=256, separable=False, batch_norm_options=None, **kwargs):
        """Creates the layer.

        Args:
            filters: Output channels.
            separable: Whether the 3x3 convolutions are split into depthwise and pointwise.
            batch_norm_options: Keyword arguments of `batch_norm.BatchNorm`.
            **kwargs: Of `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.filters = filters
        self.separable = separable
        self.batch_norm_options = batch_norm_options or {}
        shared = {"batch_norm_options": self.batch_norm_options, "dtype": self.dtype_policy.name}
        self.projection = head_layers.HeadConvolution(
            LOW_LEVEL_FILTERS, 1, name="feature_projection0", **shared
        )
        names = ("decoder_conv0", "decoder_conv1")
        if not separable:
            names = ("decoder_conv0_1", "decoder_conv0_2")
        self.convolutions = [
            layer
            for name in names
            for layer in head_layers.convolution_3x3(name, filters, separable=separable, **shared)
        ]

    def build(self, features_shape, low_level_shape):
        self.projection.build(low_level_shape)
        head_layers.build_chain(self.convolutions, features_shape[-1] + LOW_LEVEL_FILTERS)
        self.built = True

    def call(self, features, low_level, size, training=False):
        """Applies the layer.

        Args:
            features: `[batch, *, *, channels]`.
            low_level: `[batch, *, *, channels]`.
            size: `(height, width)` of the output.
            training: Whether to normalise by the batch's statistics.

        Returns:
            `[batch, height, width, filters]`.
        """
        low_level = self.projection(low_level, training=training)
        joined = [resize.resize_by_kernel(inputs, size) for inputs in (features, low_level)]
        return head_layers.call_chain(self.convolutions, tf.concat(joined, -1), training)
