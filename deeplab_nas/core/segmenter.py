"""The whole network: images to logits (official `model.py`; Auto-DeepLab, section 5.1)."""

import keras
import tensorflow as tf

from deeplab_nas.core import aspp, decoder, head_layers, nas_genotypes, nas_network
from deeplab_nas.core.kernels import resize


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Segmenter(keras.Model):
    """Backbone, ASPP, decoder and logits, for images of any size."""

    def __init__(
        self,
        architecture,
        filter_multiplier,
        num_classes,
        *,
        atrous_rates=None,
        aspp_with_separable_conv=False,
        image_pooling=True,
        image_pooling_crop_size=None,
        use_decoder=True,
        decoder_use_separable_conv=False,
        remove_os32_stride=False,
        dropout_keep_prob=0.9,
        drop_path_keep_prob=1.0,
        training_number_of_steps=None,
        batch_norm_decay=0.9997,
        synchronized=False,
        fine_tune_batch_norm=True,
        fold_batch_norm=False,
        seed=0,
        **kwargs,
    ):
        """Creates the network; the arguments are those of `build`."""
        # The images are to be cast after they were mapped to [-1, 1].
        super().__init__(autocast=False, **kwargs)
        self.architecture = architecture
        self.num_classes = num_classes
        self.fine_tune_batch_norm = fine_tune_batch_norm
        self._options = {
            "filter_multiplier": filter_multiplier,
            "num_classes": num_classes,
            "atrous_rates": atrous_rates and list(atrous_rates),
            "aspp_with_separable_conv": aspp_with_separable_conv,
            "image_pooling": image_pooling,
            "image_pooling_crop_size": image_pooling_crop_size and list(image_pooling_crop_size),
            "use_decoder": use_decoder,
            "decoder_use_separable_conv": decoder_use_separable_conv,
            "remove_os32_stride": remove_os32_stride,
            "dropout_keep_prob": dropout_keep_prob,
            "drop_path_keep_prob": drop_path_keep_prob,
            "training_number_of_steps": training_number_of_steps,
            "batch_norm_decay": batch_norm_decay,
            "synchronized": synchronized,
            "fine_tune_batch_norm": fine_tune_batch_norm,
            "fold_batch_norm": fold_batch_norm,
            "seed": seed,
        }
        shared = {
            "batch_norm_options": {
                "decay": batch_norm_decay,
                "synchronized": synchronized,
                "folded": fold_batch_norm,
            },
            "dtype": self.dtype_policy,
        }
        self.backbone = nas_network.NasNetwork(
            architecture,
            filter_multiplier,
            remove_os32_stride=remove_os32_stride,
            low_level_stride=decoder.OUTPUT_STRIDE if use_decoder else None,
            drop_path_keep_prob=drop_path_keep_prob,
            training_number_of_steps=training_number_of_steps,
            seed=seed,
            name="backbone",
            **shared,
        )
        self.aspp = aspp.Aspp(
            self.backbone.output_stride,
            atrous_rates,
            separable=aspp_with_separable_conv,
            image_pooling=image_pooling,
            image_pooling_crop_size=image_pooling_crop_size,
            dropout_keep_prob=dropout_keep_prob,
            # Another stream of random numbers than the drop path's.
            seed=seed + 1,
            name="aspp",
            **shared,
        )
        self.decoder = None
        if use_decoder:
            self.decoder = decoder.Decoder(
                separable=decoder_use_separable_conv, name="decoder", **shared
            )
        self.logits = head_layers.Logits(num_classes, name="logits", dtype=self.dtype_policy)

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
        train_norm = training and self.fine_tune_batch_norm
        endpoints = dict(self.backbone(images, training=train_norm))
        features = self.aspp(endpoints["net"], training=train_norm, dropout=training)
        endpoints["aspp"] = features
        if self.decoder:
            size = resize.scaled_size(images, 1.0 / decoder.OUTPUT_STRIDE)
            low_level, _ = self.backbone.low_level
            features = self.decoder(features, endpoints[low_level], size=size, training=train_norm)
            endpoints["decoder"] = features
        endpoints["logits"] = tf.cast(self.logits(features), tf.float32)
        return endpoints

    def get_config(self):
        config = super().get_config()
        return {**config, "architecture": self.architecture.to_json(), **self._options}

    @classmethod
    def from_config(cls, config):
        architecture = nas_genotypes.from_json(config["architecture"])
        return cls(**{**config, "architecture": architecture})


def build(architecture, filter_multiplier, num_classes, *, input_channels=3, **options):
    """Builds a segmentation network.

    Args:
        architecture: `nas_genotypes.Architecture`.
        filter_multiplier: F, 20, 32 or 48 in the paper.
        num_classes: Number of classes.
        input_channels: Channels of the images.
        **options: Any of
            atrous_rates: Of the ASPP; 12, 24, 36 at output stride 8 and in proportion at others.
            aspp_with_separable_conv: Whether to split the 3x3 convolutions of the ASPP.
            image_pooling: Whether the ASPP has a branch of pooled features.
            image_pooling_crop_size: `(height, width)` in pixels that this branch averages over;
                None for the whole image.
            use_decoder: Whether there is a decoder; without one the logits are at the output
                stride of the backbone before they are upsampled.
            decoder_use_separable_conv: Whether to split the 3x3 convolutions of the decoder.
            remove_os32_stride: Whether level 3 stays at stride 16 (official flag
                `nas_remove_os32_stride`).
            dropout_keep_prob: Of the features that leave the ASPP.
            drop_path_keep_prob: Of a branch of the last cell at the end of training; 1 is off.
            training_number_of_steps: Length of the drop path's schedule.
            batch_norm_decay: Of the moving statistics.
            synchronized: Whether replicas share the statistics of the global batch.
            fine_tune_batch_norm: Whether training normalises by the batch's statistics. Without it
                there is no drop path either, as in the official code.
            fold_batch_norm: Whether batch normalisations are offsets only; see `folding.fold`.
            seed: Of dropout and drop path.
            name, dtype: Of `keras.Model`; dtype may be a policy such as "mixed_bfloat16".

    Returns:
        `Segmenter`, built: float images in 0..255, `[batch, height, width, input_channels]` of any
        size, to float32 logits `[batch, height, width, num_classes]`.

    Raises:
        ValueError: Drop path is on and `training_number_of_steps` is missing.
    """
    options.setdefault("name", "segmenter")
    model = Segmenter(architecture, filter_multiplier, num_classes, **options)
    model.build((None, None, None, input_channels))
    return model
