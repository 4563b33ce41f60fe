"""Flags that say which network to describe, and how."""

import dataclasses
from typing import Any

from flags import checks

from absl import flags

from deeplab_nas.errors import UserError

# The backbone that an unset --output_stride picks for pnasnet.
_PNASNET_STRIDE = 16


@dataclasses.dataclass(frozen=True)
class Network:
    """A network by its flags.

    Attributes:
        architecture: Published name or path of a JSON file.
        output_stride: Of pnasnet; without meaning for others.
        filter_multiplier: F.
        num_classes: Number of classes.
        options: Further keyword arguments of `segmenter.build`.
    """

    architecture: str
    output_stride: int
    filter_multiplier: int
    num_classes: int
    options: dict[str, Any]


def define() -> None:
    """Defines the flags of the network and of what is told about it."""
    _define_network()
    flags.DEFINE_string(
        "input_size",
        "1025,2049",
        "Height and width of the image in pixels, or one number for both. Paper: 1025,2049, "
        "Cityscapes.",
    )
    flags.DEFINE_bool("json", False, "Print one JSON object instead of a table.")
    flags.DEFINE_string(
        "output_png", "", "Picture of the path and the cell, written here; empty: none."
    )


def _define_network() -> None:
    flags.DEFINE_string(
        "architecture",
        "auto_deeplab",
        "auto_deeplab (the paper's), pnasnet, or the path of a JSON file that a search wrote.",
    )
    flags.DEFINE_integer(
        "output_stride",
        None,
        f"8, 16 or 32: the backbone of pnasnet, {_PNASNET_STRIDE} if unset. Another architecture "
        "has the stride of its path.",
    )
    flags.DEFINE_integer(
        "filter_multiplier",
        20,
        "F; a block at output stride s has F * s / 4 filters. Paper: 20, 32 or 48.",
    )
    flags.DEFINE_integer("num_classes", 19, "Number of classes. Paper: 19 for Cityscapes.")
    flags.DEFINE_bool(
        "aspp_with_separable_conv",
        False,
        "Whether the ASPP's 3x3 convolutions are depthwise separable. Paper: no; official: yes.",
    )
    flags.DEFINE_bool(
        "decoder_use_separable_conv",
        False,
        "Whether the decoder's 3x3 convolutions are depthwise separable. Paper: no; official: yes.",
    )
    flags.DEFINE_bool(
        "nas_remove_os32_stride",
        False,
        "Whether cells at output stride 32 run at 16, with their own number of filters. Paper: no.",
    )


def network(flags_obj: flags.FlagValues) -> Network:
    """Reads the flags of the network; raises `UserError` for an impossible value."""
    for name in ("filter_multiplier", "num_classes"):
        checks.at_least(name, flags_obj[name].value, 1)
    stride = flags_obj.output_stride
    if stride is not None and flags_obj.architecture != "pnasnet":
        raise UserError(
            f"Expected --output_stride with --architecture=pnasnet only, found {stride} with "
            f"{flags_obj.architecture}: leave it out, the architecture's path has a stride."
        )
    return Network(
        architecture=flags_obj.architecture,
        output_stride=_PNASNET_STRIDE if stride is None else stride,
        filter_multiplier=flags_obj.filter_multiplier,
        num_classes=flags_obj.num_classes,
        options={
            "aspp_with_separable_conv": flags_obj.aspp_with_separable_conv,
            "decoder_use_separable_conv": flags_obj.decoder_use_separable_conv,
            "remove_os32_stride": flags_obj.nas_remove_os32_stride,
        },
    )


def input_size(flags_obj: flags.FlagValues) -> tuple[int, int]:
    """Reads `(height, width)`; raises `UserError` where it is not one or two positive integers."""
    return checks.size("input_size", flags_obj.input_size)
