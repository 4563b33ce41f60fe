"""From a `NetworkConfig` to the network."""

from deeplab_nas.core import nas_genotypes, segmenter
from deeplab_nas.engine.devices import precision

# The backbone that an unset --output_stride picks for pnasnet.
_PNASNET_STRIDE = 16


def architecture(config):
    """The `Architecture` that a `NetworkConfig` names; raises `UserError` as `resolve` does."""
    return nas_genotypes.resolve(config.architecture, config.output_stride or _PNASNET_STRIDE)


def build(config, found, num_classes, mixed_precision="float32", **training_options):
    """Builds a network.

    Args:
        config: `NetworkConfig`.
        found: The `Architecture`, as `architecture(config)` or a run directory gives it.
        num_classes: Number of classes.
        mixed_precision: One of `precision.PRECISIONS`.
        **training_options: Options of `segmenter.build` that change no variable's shape, such as
            `drop_path_keep_prob`.

    Returns:
        `Segmenter`, built.
    """
    return segmenter.build(
        found,
        config.filter_multiplier,
        num_classes,
        atrous_rates=config.atrous_rates,
        image_pooling=config.add_image_level_feature,
        image_pooling_crop_size=config.image_pooling_crop_size,
        aspp_with_separable_conv=config.aspp_with_separable_conv,
        use_decoder=config.use_decoder,
        decoder_use_separable_conv=config.decoder_use_separable_conv,
        remove_os32_stride=config.nas_remove_os32_stride,
        dtype=precision.POLICIES[mixed_precision],
        **training_options,
    )
