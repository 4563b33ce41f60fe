"""The whole network: images to logits (official `model.py`; Auto-DeepLab, section 5.1)."""

import keras
import tensorflow as tf

from deeplab_nas.core import aspp, decoder, head_layers, nas_network
from deeplab_nas.core.kernels import resize


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Segmenter(nas_network.ConfiguredNetwork):
    """Backbone, ASPP, decoder and logits, for images of any size."""

    def __init__(self, architecture, config, num_classes, training=None, **kwargs):
        """Creates the network; the arguments are those of `build`."""
        super().__init__(architecture, config, training, **kwargs)
        training = self.training_options
        self.num_classes = num_classes
        dtype = self.dtype_policy.name
        shared = {"batch_norm_options": training.batch_norm_options, "dtype": dtype}
        self.backbone = nas_network.NasNetwork(
            architecture, config, training, name="backbone", dtype=dtype
        )
        self.aspp = aspp.Aspp(
            self.backbone.output_stride,
            config.atrous_rates,
            config.aspp_convs_filters,
            separable=config.aspp_with_separable_conv,
            image_pooling=config.add_image_level_feature,
            image_pooling_crop_size=config.image_pooling_crop_size,
            dropout_keep_prob=training.dropout_keep_prob,
            # Another stream of random numbers than the drop path's.
            seed=training.seed + 1,
            name="aspp",
            **shared,
        )
        self.decoder = None
        if config.use_decoder:
            self.decoder = decoder.Decoder(
                config.decoder_filters,
                separable=config.decoder_use_separable_conv,
                name="decoder",
                **shared,
            )
        self.logits = head_layers.Logits(num_classes, name="logits", dtype=dtype)

    def build(self, input_shape):
        """Creates all variables; `input_shape` is `[batch, height, width, channels]`."""
        self.backbone.build(input_shape)
        self.aspp.build((None, None, None, self.backbone.channels))
        features = (None, None, None, self.aspp.filters)
        if self.decoder:
            _, low_level_channels = self.backbone.low_level
            self.decoder.build(features, (None, None, None, low_level_channels))
            features = (None, None, None, self.decoder.filters)
        self.logits.build(features)
        self.built = True

    def call(self, images, training=False):
        """Computes the logits.

        Args:
            images: `[batch, height, width, channels]`, float in 0..255.
            training: Whether to normalise by the batch's statistics, to drop paths and features.

        Returns:
            `[batch, height, width, num_classes]`, float32.
        """
        logits = self.endpoints(images, training)["logits"]
        return resize.resize_by_kernel(logits, resize.image_size(images))

    def endpoints(self, images, training=False):
        """Computes the logits and what leads to them.

        Args:
            images: As in `call`.
            training: As in `call`.

        Returns:
            The endpoints of `NasNetwork`, `aspp`, `decoder` if there is one, and `logits` before
            they are upsampled, float32.
        """
        images = tf.cast(images, tf.float32) * (2.0 / 255.0) - 1.0
        train_norm = training and self.training_options.fine_tune_batch_norm
        endpoints = dict(self.backbone(images, training=train_norm))
        features = self.aspp(endpoints["net"], training=train_norm, dropout=training)
        endpoints["aspp"] = features
        if self.decoder:
            size = resize.scaled_size(images, 1.0 / nas_network.LOW_LEVEL_STRIDE)
            low_level, _ = self.backbone.low_level
            features = self.decoder(features, endpoints[low_level], size=size, training=train_norm)
            endpoints["decoder"] = features
        endpoints["logits"] = tf.cast(self.logits(features), tf.float32)
        return endpoints

    def last_layers(self, logits_only=False):
        """What stands after the backbone, and is often new where the backbone was trained before.

        Args:
            logits_only: Whether only the logits count; official `last_layers_contain_logits_only`.

        Returns:
            Layers (official `model.get_extra_layer_scopes`).
        """
        layers = [self.logits] if logits_only else [self.aspp, self.decoder, self.logits]
        return [layer for layer in layers if layer]

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


def build(architecture, config, num_classes, training=None, *, input_channels=3, **kwargs):
    """Builds a segmentation network.

    Args:
        architecture: `nas_genotypes.Architecture`, the one that `config` names.
        config: `NetworkConfig`.
        num_classes: Number of classes.
        training: `TrainingOptions`; the defaults if None.
        input_channels: Channels of the images.
        **kwargs: Of `keras.Model`: name, and dtype, which may be a policy such as "mixed_bfloat16".

    Returns:
        `Segmenter`, built: float images in 0..255, `[batch, height, width, input_channels]` of any
        size, to float32 logits `[batch, height, width, num_classes]`.

    Raises:
        ValueError: Drop path is on and `training_number_of_steps` is missing.
    """
    model = Segmenter(
        architecture, config, num_classes, training, **{"name": "segmenter", **kwargs}
    )
    model.build((None, None, None, input_channels))
    return model
