"""How whole images are seen, as one value."""

import dataclasses

from deeplab_nas.data.data_config import ResizeConfig
from deeplab_nas.errors import UserError
from deeplab_nas.settings import setting

_UNSET = "unset: as in the training, unless --min_resize_value is given"


@dataclasses.dataclass(frozen=True, kw_only=True)
class InferenceConfig(ResizeConfig):
    """Scales, mirror images, windows and size; the prediction always has the size of the image."""

    min_resize_value: int | None = setting(
        None,
        "Shorter side in pixels that images are resized to first; 0: as they are; unset: as in the "
        "training, with its upper bound and its factor.",
        least=0,
    )
    max_resize_value: int | None = setting(
        None, f"Upper bound of the longer side in pixels after that resize; {_UNSET}.", least=1
    )
    resize_factor: int | None = setting(
        None, f"Sides then grow to a multiple of this plus 1, in pixels; {_UNSET}.", least=1
    )
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
        if self.min_resize_value == 0 and (self.max_resize_value or self.resize_factor):
            raise UserError(
                "Expected --min_resize_value=0, which resizes nothing, without --max_resize_value "
                "and --resize_factor, found one of them: leave it out."
            )
        if self.window_size and self.window_overlap >= min(self.window_size):
            raise UserError(
                f"Expected --window_overlap below both sides of --window_size="
                f"{','.join(map(str, self.window_size))}, found {self.window_overlap}."
            )

    def of_training(self, trained: ResizeConfig) -> "InferenceConfig":
        """Fills an unset resize with that of a training; 0 then stands for none."""
        if self.min_resize_value is not None:
            return self
        return dataclasses.replace(
            self,
            min_resize_value=trained.min_resize_value or 0,
            max_resize_value=trained.max_resize_value,
            resize_factor=trained.resize_factor,
        )

    @property
    def without_resize(self) -> "InferenceConfig":
        """The same, with nothing said of a resize."""
        return dataclasses.replace(
            self, min_resize_value=None, max_resize_value=None, resize_factor=None
        )

    @property
    def resize(self) -> ResizeConfig:
        """The resize, as trainings have it: None for none."""
        return ResizeConfig(
            min_resize_value=self.min_resize_value or None,
            max_resize_value=self.max_resize_value,
            resize_factor=self.resize_factor,
        )
