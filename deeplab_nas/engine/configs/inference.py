"""How whole images are seen, as one value."""

import dataclasses

from deeplab_nas.data.data_config import ResizeConfig
from deeplab_nas.errors import UserError
from deeplab_nas.settings import setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class InferenceConfig(ResizeConfig):
    """Scales, mirror images, windows and size; the prediction always has the size of the image."""

    eval_scales: tuple[float, ...] = setting(
        (1.0,),
        "Factors that images are resized by; the softmaxes are averaged.",
        official="1, and in its model zoo 0.5 to 1.75 in steps of 0.25 for multi-scale",
        above=0,
    )
    add_flipped_images: bool = setting(
        False,
        "See every scale mirrored left to right as well.",
        paper="yes where it says multi-scale",
    )
    window_size: tuple[int, int] | None = setting(
        None,
        "Height and width in pixels of overlapping windows that images are seen through, or one "
        "number for both; unset: images are seen whole.",
        paper="whole",
        least=1,
    )
    window_overlap: int = setting(
        0, "Fewest pixels that neighbouring windows share.", paper="no windows", least=0
    )

    def check_together(self) -> None:
        super().check_together()
        if self.window_size and self.window_overlap >= min(self.window_size):
            raise UserError(
                f"Expected --window_overlap below both sides of --window_size="
                f"{','.join(map(str, self.window_size))}, found {self.window_overlap}."
            )
