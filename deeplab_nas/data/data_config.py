"""What a run reads: the data set, its splits, and how examples become batches."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Plain settings of the input pipeline; the names follow the official DeepLab flags.

    Attributes:
        dataset: Name in the descriptor table, see `deeplab_nas.data.datasets`.
        dataset_dir: Folder of TFRecord shards. Empty for the built-in `shapes`.
        train_split: Split that is halved into trainA (weights) and trainB (alpha and beta).
        val_split: Split on which mean IoU is measured.
        train_crop_size: Height and width of the training crops, in pixels.
        train_batch_size: Examples a step over all replicas (the global batch).
        eval_batch_size: Examples a validation batch over all replicas.
        min_resize_value: Shorter side after an optional resize, in pixels; None does not resize.
        max_resize_value: Upper bound of the longer side after that resize, in pixels, or None.
        resize_factor: Both sides then grow to a multiple of it plus 1; None leaves them. The output
            stride makes feature maps fit.
        min_scale_factor: Smallest random scale of the training augmentation.
        max_scale_factor: Largest random scale.
        scale_factor_step_size: Step between the scales that are drawn from; 0 draws continuously.
        random_flip: Mirror training images left to right with probability one half.
        photometric_jitter: Strength in 0..1 of random changes of brightness, contrast, saturation
            and hue; 0 for none.
    """

    dataset: str = "cityscapes"
    dataset_dir: str = ""
    train_split: str = "train_fine"
    val_split: str = "val_fine"
    train_crop_size: tuple[int, int] = (321, 321)
    train_batch_size: int = 2
    eval_batch_size: int = 1
    min_resize_value: int | None = None
    max_resize_value: int | None = None
    resize_factor: int | None = None
    min_scale_factor: float = 0.5
    max_scale_factor: float = 2.0
    scale_factor_step_size: float = 0.25
    random_flip: bool = True
    photometric_jitter: float = 0.0
