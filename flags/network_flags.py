"""Flags of a discrete network, one a field of `NetworkConfig`."""

import dataclasses

from flags import checks

from absl import flags

from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.errors import UserError


def define() -> None:
    """Defines the flags that say what the network is."""
    flags.DEFINE_string(
        "architecture",
        NetworkConfig.architecture,
        "auto_deeplab (the paper's), pnasnet, or the path of a JSON file that a search wrote.",
    )
    flags.DEFINE_integer(
        "output_stride",
        NetworkConfig.output_stride,
        "8, 16 or 32: the backbone of pnasnet, 16 if unset. Another architecture has the stride of "
        "its path.",
    )
    flags.DEFINE_integer(
        "filter_multiplier",
        NetworkConfig.filter_multiplier,
        "F; a block at output stride s has F * s / 4 filters. Paper: 20, 32 or 48.",
    )
    flags.DEFINE_bool(
        "nas_remove_os32_stride",
        NetworkConfig.nas_remove_os32_stride,
        "Whether cells at output stride 32 run at 16, with their own number of filters. Paper: no.",
    )
    _define_head()


def _define_head() -> None:
    flags.DEFINE_list(
        "atrous_rates",
        NetworkConfig.atrous_rates,
        "Rates of the ASPP; unset: 12,24,36 at output stride 8 and in proportion at others. Paper: "
        "12,24,36.",
    )
    flags.DEFINE_bool(
        "add_image_level_feature",
        NetworkConfig.add_image_level_feature,
        "Whether the ASPP has a branch of pooled features. Paper: yes.",
    )
    flags.DEFINE_string(
        "image_pooling_crop_size",
        None,
        "Height and width in pixels that this branch averages over, or one number for both; unset: "
        "the whole image. Paper: 769,769 on Cityscapes, by its Multi-Adds.",
    )
    flags.DEFINE_bool(
        "aspp_with_separable_conv",
        NetworkConfig.aspp_with_separable_conv,
        "Whether the ASPP's 3x3 convolutions are depthwise separable. Paper: no; official: yes.",
    )
    flags.DEFINE_bool(
        "use_decoder",
        NetworkConfig.use_decoder,
        "Whether there is a decoder at output stride 4. Paper: yes.",
    )
    flags.DEFINE_bool(
        "decoder_use_separable_conv",
        NetworkConfig.decoder_use_separable_conv,
        "Whether the decoder's 3x3 convolutions are depthwise separable. Paper: no; official: yes.",
    )


def network_config(flags_obj: flags.FlagValues) -> NetworkConfig:
    """Reads the parsed flags; raises `UserError` for an impossible value."""
    checks.at_least("filter_multiplier", flags_obj.filter_multiplier, 1)
    stride = flags_obj.output_stride
    if stride is not None and flags_obj.architecture != "pnasnet":
        raise UserError(
            f"Expected --output_stride with --architecture=pnasnet only, found {stride} with "
            f"{flags_obj.architecture}: leave it out, the architecture's path has a stride."
        )
    names = [field.name for field in dataclasses.fields(NetworkConfig)]
    values = {name: flags_obj[name].value for name in names}
    if values["atrous_rates"] is not None:
        values["atrous_rates"] = checks.integers("atrous_rates", values["atrous_rates"], 1)
    if values["image_pooling_crop_size"] is not None:
        values["image_pooling_crop_size"] = checks.size(
            "image_pooling_crop_size", values["image_pooling_crop_size"]
        )
    return NetworkConfig(**values)
