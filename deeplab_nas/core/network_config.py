"""Which discrete network, as one value."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class NetworkConfig:
    """What decides a network's variables and numbers; names follow the official flags.

    Attributes:
        architecture: Published name or path of a JSON file.
        output_stride: Of `pnasnet`, 8, 16 or 32; None for 16. Without meaning for others.
        filter_multiplier: F.
        atrous_rates: Of the ASPP; None for 12, 24, 36 at output stride 8 and in proportion at
            others.
        add_image_level_feature: Whether the ASPP has a branch of pooled features.
        image_pooling_crop_size: `(height, width)` in pixels that this branch averages over; None
            for the whole image.
        aspp_with_separable_conv: Whether the ASPP's 3x3 convolutions are depthwise separable.
        use_decoder: Whether there is a decoder at output stride 4.
        decoder_use_separable_conv: Whether the decoder's 3x3 convolutions are depthwise separable.
        nas_remove_os32_stride: Whether cells at output stride 32 run at 16.
    """

    architecture: str = "auto_deeplab"
    output_stride: int | None = None
    filter_multiplier: int = 20
    atrous_rates: tuple[int, ...] | None = None
    add_image_level_feature: bool = True
    image_pooling_crop_size: tuple[int, int] | None = None
    aspp_with_separable_conv: bool = False
    use_decoder: bool = True
    decoder_use_separable_conv: bool = False
    nas_remove_os32_stride: bool = False
