"""How whole images are seen, as one value."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class InferenceConfig:
    """Scales, mirror images, windows and size; names follow the official flags.

    Attributes:
        eval_scales: Factors that images are resized by; the softmaxes are averaged.
        add_flipped_images: Whether to see every scale mirrored left to right as well.
        window_size: `(height, width)` in pixels of overlapping windows that large images are seen
            through; None sees them whole.
        window_overlap: Fewest pixels that neighbouring windows share.
        min_resize_value: Shorter side in pixels that images are resized to first; None leaves them.
            The prediction always has the size of the image.
        max_resize_value: Upper bound of the longer side after that resize, in pixels, or None.
        resize_factor: Both sides then grow to a multiple of it plus 1; None leaves them.
    """

    eval_scales: tuple[float, ...] = (1.0,)
    add_flipped_images: bool = False
    window_size: tuple[int, int] | None = None
    window_overlap: int = 0
    min_resize_value: int | None = None
    max_resize_value: int | None = None
    resize_factor: int | None = None
