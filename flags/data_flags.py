"""Flags of the input pipeline, one a field of `DataConfig`."""

import dataclasses

from flags import checks

from absl import flags

from deeplab_nas.data import datasets
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.errors import UserError

_SEARCH = DataConfig()


def define(defaults: DataConfig = _SEARCH) -> None:
    """Defines the flags that say what is read and how examples become batches.

    Args:
        defaults: Of a search or of a training, whose crops and batches differ in the paper.
    """
    flags.DEFINE_string(
        "dataset", defaults.dataset, f"Name of the data set: {', '.join(datasets.names())}."
    )
    flags.DEFINE_string(
        "dataset_dir",
        defaults.dataset_dir,
        "Folder of the TFRecord shards, local or gs://. Empty: the built-in shapes.",
    )
    flags.DEFINE_string(
        "train_split",
        defaults.train_split,
        "Split to train on; a search halves it into trainA and trainB. Paper: train_fine of "
        "Cityscapes.",
    )
    flags.DEFINE_string(
        "val_split", defaults.val_split, "Split on which mean IoU is measured. Paper: val_fine."
    )
    flags.DEFINE_string(
        "train_crop_size",
        ",".join(map(str, defaults.train_crop_size)),
        "Height and width of the training crops in pixels, or one number for both. Paper: 321,321 "
        "in the search, then 769,769 on Cityscapes and 513,513 on VOC and ADE20K.",
    )
    flags.DEFINE_integer(
        "train_batch_size",
        defaults.train_batch_size,
        "Examples a step over all replicas. Paper: 2 in the search, then not stated; official: 8.",
    )
    flags.DEFINE_integer(
        "eval_batch_size",
        defaults.eval_batch_size,
        "Examples a validation batch over all replicas.",
    )
    define_resize()
    _define_augmentation(defaults)


def define_resize() -> None:
    """Defines the flags of the resize that precedes everything else."""
    flags.DEFINE_integer(
        "min_resize_value",
        DataConfig.min_resize_value,
        "Shorter side in pixels that images are resized to first; unset: as they are. Paper: "
        "Cityscapes at half size, 512.",
    )
    flags.DEFINE_integer(
        "max_resize_value",
        DataConfig.max_resize_value,
        "Upper bound of the longer side in pixels after that resize; unset: none. Paper: "
        "Cityscapes at half size, 1024.",
    )
    flags.DEFINE_integer(
        "resize_factor",
        DataConfig.resize_factor,
        "Sides then grow to a multiple of this plus 1, in pixels; the output stride makes feature "
        "maps fit. Unset: as they are. Official ADE20K: 16.",
    )


def _define_augmentation(defaults: DataConfig) -> None:
    flags.DEFINE_float(
        "min_scale_factor",
        defaults.min_scale_factor,
        "Smallest random scale of training images. Official training: 0.5.",
    )
    flags.DEFINE_float(
        "max_scale_factor",
        defaults.max_scale_factor,
        "Largest random scale of training images. Official training: 2.",
    )
    flags.DEFINE_float(
        "scale_factor_step_size",
        defaults.scale_factor_step_size,
        "Step between the scales that are drawn from; 0: continuous. Official training: 0.25.",
    )
    flags.DEFINE_bool(
        "random_flip",
        defaults.random_flip,
        "Mirror training images left to right with probability one half. Official training: yes.",
    )
    flags.DEFINE_float(
        "photometric_jitter",
        defaults.photometric_jitter,
        "Strength in 0..1 of random brightness, contrast, saturation and hue. Official: 0.",
    )


def data_config(flags_obj: flags.FlagValues) -> DataConfig:
    """Assembles the configuration from the parsed flags.

    Args:
        flags_obj: Parsed flags of this module.

    Returns:
        The configuration.

    Raises:
        UserError: A value is impossible.
    """
    _check(flags_obj)
    values = {field.name: flags_obj[field.name].value for field in dataclasses.fields(DataConfig)}
    values["train_crop_size"] = checks.size("train_crop_size", flags_obj.train_crop_size)
    return DataConfig(**values)


def _check(flags_obj: flags.FlagValues) -> None:
    checks.one_of("dataset", flags_obj.dataset, datasets.names())
    checks.at_least("train_batch_size", flags_obj.train_batch_size, 1)
    checks.at_least("eval_batch_size", flags_obj.eval_batch_size, 1)
    check_resize(flags_obj)
    for name in ("min_scale_factor", "max_scale_factor"):
        checks.positive(name, flags_obj[name].value)
    checks.not_negative("scale_factor_step_size", flags_obj.scale_factor_step_size)
    checks.not_negative("photometric_jitter", flags_obj.photometric_jitter)
    if flags_obj.photometric_jitter > 1:
        raise UserError(
            f"Expected --photometric_jitter from 0 to 1, found {flags_obj.photometric_jitter}."
        )
    if flags_obj.min_scale_factor > flags_obj.max_scale_factor:
        raise UserError(
            f"Expected --min_scale_factor at or below "
            f"--max_scale_factor={flags_obj.max_scale_factor}, found {flags_obj.min_scale_factor}."
        )


def check_resize(flags_obj: flags.FlagValues) -> None:
    """Raises `UserError` for an impossible resize."""
    for name in ("min_resize_value", "max_resize_value", "resize_factor"):
        if flags_obj[name].value is not None:
            checks.at_least(name, flags_obj[name].value, 1)
    for name in ("max_resize_value", "resize_factor"):
        if flags_obj[name].value is not None and flags_obj.min_resize_value is None:
            raise UserError(
                f"Expected --min_resize_value with --{name}={flags_obj[name].value}, found none: "
                "give both or only the first."
            )
