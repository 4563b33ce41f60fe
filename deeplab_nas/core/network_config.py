"""Which discrete network, as one value."""

import dataclasses

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting


@dataclasses.dataclass(frozen=True)
class NetworkConfig(Settings):
    """What decides a network's variables and numbers; names follow the official flags."""

    architecture: str = setting(
        "auto_deeplab",
        "Name, auto_deeplab (the paper's) or pnasnet, or the path of a JSON file that a search "
        "wrote.",
    )
    output_stride: int | None = setting(
        None,
        "8, 16 or 32: the backbone of pnasnet, 16 if unset. Another architecture has the stride of "
        "its path.",
    )
    filter_multiplier: int = setting(
        20,
        "F; a block at output stride s has F * s / 4 filters.",
        paper="20, 32 or 48",
        least=1,
    )
    nas_remove_os32_stride: bool = setting(
        False,
        "Whether cells at output stride 32 run at 16, with their own number of filters.",
        paper="no",
    )
    atrous_rates: tuple[int, ...] | None = setting(
        None,
        "Rates of the ASPP; unset: 12,24,36 at output stride 8 and in proportion at others.",
        paper="12,24,36",
        least=1,
    )
    add_image_level_feature: bool = setting(
        True, "Whether the ASPP has a branch of pooled features.", paper="yes"
    )
    image_pooling_crop_size: tuple[int, int] | None = setting(
        None,
        "Height and width in pixels that this branch averages over, or one number for both; unset: "
        "the whole image.",
        paper="769,769 on Cityscapes, by its Multi-Adds",
        least=1,
    )
    aspp_with_separable_conv: bool = setting(
        False,
        "Whether the ASPP's 3x3 convolutions are depthwise separable.",
        paper="no",
        official="yes",
    )
    use_decoder: bool = setting(True, "Whether there is a decoder at output stride 4.", paper="yes")
    decoder_use_separable_conv: bool = setting(
        False,
        "Whether the decoder's 3x3 convolutions are depthwise separable.",
        paper="no",
        official="yes",
    )

    def check_together(self) -> None:
        if self.output_stride is not None and self.architecture != "pnasnet":
            raise UserError(
                f"Expected --output_stride with --architecture=pnasnet only, found "
                f"{self.output_stride} with {self.architecture}: leave it out, the architecture's "
                "path has a stride."
            )
