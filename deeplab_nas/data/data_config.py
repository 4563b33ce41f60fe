"""What a run reads: the data set, its splits, and how examples become batches."""

import dataclasses

from deeplab_nas.data import datasets, examples
from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting


@dataclasses.dataclass(frozen=True)
class ResizeConfig(Settings):
    """The resize that precedes everything else."""

    min_resize_value: int | None = setting(
        None,
        "Shorter side in pixels that images are resized to first; unset: as they are.",
        paper="Cityscapes at half size, 512",
        least=1,
    )
    max_resize_value: int | None = setting(
        None,
        "Upper bound of the longer side in pixels after that resize; unset: none.",
        paper="Cityscapes at half size, 1024",
        least=1,
    )
    resize_factor: int | None = setting(
        None,
        "Sides then grow to a multiple of this plus 1, in pixels; the output stride makes feature "
        "maps fit. Unset: as they are.",
        official="16 for ADE20K",
        least=1,
    )

    def check_together(self) -> None:
        for name in ("max_resize_value", "resize_factor"):
            value = getattr(self, name)
            if value is not None and self.min_resize_value is None:
                raise UserError(
                    f"Expected --min_resize_value with --{name}={value}, found none: give both or "
                    "only the first."
                )


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig(ResizeConfig):
    """The input pipeline; the names follow the official DeepLab flags."""

    dataset: str = setting(
        "cityscapes", "Name of the data set: {choices}.", choices=datasets.names()
    )
    dataset_dir: str = setting(
        "",
        "Folder of the TFRecord shards, local or gs://. Empty: the built-in shapes.",
        free=True,
        path=True,
    )
    train_split: str = setting(
        "train_fine",
        "Split to train on; a search halves it into trainA and trainB.",
        paper="train_fine of Cityscapes",
    )
    val_split: str = setting("val_fine", "Split on which mean IoU is measured.", paper="val_fine")
    train_crop_size: tuple[int, int] = setting(
        (321, 321),
        "Height and width of the training crops in pixels, or one number for both.",
        paper="321,321 in the search, then 769,769 on Cityscapes and 513,513 on VOC and ADE20K",
        least=1,
    )
    train_batch_size: int = setting(
        2,
        "Examples a step over all replicas.",
        paper="2 in the search, then not stated",
        official="8",
        least=1,
    )
    eval_batch_size: int = setting(1, "Examples a validation batch over all replicas.", least=1)
    min_scale_factor: float = setting(
        0.5, "Smallest random scale of training images.", official="0.5 in training", above=0
    )
    max_scale_factor: float = setting(
        2.0, "Largest random scale of training images.", official="2 in training", above=0
    )
    scale_factor_step_size: float = setting(
        0.25,
        "Step between the scales that are drawn from; 0: continuous.",
        official="0.25 in training",
        least=0,
    )
    random_flip: bool = setting(
        True,
        "Mirror training images left to right with probability one half.",
        official="yes in training",
    )
    photometric_jitter: float = setting(
        0.0,
        "Strength in 0..1 of random brightness, contrast, saturation and hue.",
        official="0",
        least=0,
        most=1,
    )

    def check_together(self) -> None:
        super().check_together()
        height, width = self.train_crop_size
        if height * width > examples.MAX_PIXELS:
            raise UserError(
                f"Expected --train_crop_size of at most {examples.MAX_PIXELS} pixels, found "
                f"{height},{width}."
            )
        if self.min_scale_factor > self.max_scale_factor:
            raise UserError(
                f"Expected --min_scale_factor at or below --max_scale_factor="
                f"{self.max_scale_factor}, found {self.min_scale_factor}."
            )
