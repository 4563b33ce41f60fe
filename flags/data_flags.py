"""Flags of the input pipeline, one a field of `DataConfig`."""

import dataclasses

from flags import checks

from absl import flags

from deeplab_nas.data import datasets
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.errors import UserError


def define() -> None:
    """Defines the flags that say what is read and how examples become batches."""
    flags.DEFINE_string(
        "dataset", DataConfig.dataset, f"Name of the data set: {', '.join(datasets.names())}."
    )
    flags.DEFINE_string(
        "dataset_dir",
        DataConfig.dataset_dir,
        "Folder of the TFRecord shards, local or gs://. Empty: the built-in shapes.",
    )
    flags.DEFINE_string(
        "train_split",
        DataConfig.train_split,
        "Split that is halved into trainA and trainB. Paper: train_fine of Cityscapes.",
    )
    flags.DEFINE_string(
        "val_split", DataConfig.val_split, "Split on which mean IoU is measured. Paper: val_fine."
    )
    flags.DEFINE_string(
        "train_crop_size",
        ",".join(map(str, DataConfig.train_crop_size)),
        "Height and width of the training crops in pixels, or one number for both. Paper: 321,321 "
        "in the search.",
    )
    flags.DEFINE_integer(
        "train_batch_size",
        DataConfig.train_batch_size,
        "Examples a step over all replicas. Paper: 2.",
    )
    flags.DEFINE_integer(
        "eval_batch_size",
        DataConfig.eval_batch_size,
        "Examples a validation batch over all replicas.",
    )
    _define_augmentation()


def _define_augmentation() -> None:
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
    flags.DEFINE_float(
        "min_scale_factor",
        DataConfig.min_scale_factor,
        "Smallest random scale of training images. Official training: 0.5.",
    )
    flags.DEFINE_float(
        "max_scale_factor",
        DataConfig.max_scale_factor,
        "Largest random scale of training images. Official training: 2.",
    )
    flags.DEFINE_float(
        "scale_factor_step_size",
        DataConfig.scale_factor_step_size,
        "Step between the scales that are drawn from; 0: continuous. Official training: 0.25.",
    )
    flags.DEFINE_bool(
        "random_flip",
        DataConfig.random_flip,
        "Mirror training images left to right with probability one half. Official training: yes.",
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
    for name in ("min_resize_value", "max_resize_value"):
        if flags_obj[name].value is not None:
            checks.at_least(name, flags_obj[name].value, 1)
    if flags_obj.max_resize_value is not None and flags_obj.min_resize_value is None:
        raise UserError(
            f"Expected --min_resize_value with --max_resize_value={flags_obj.max_resize_value}, "
            "found none: give both or only the first."
        )
    for name in ("min_scale_factor", "max_scale_factor"):
        checks.positive(name, flags_obj[name].value)
    checks.not_negative("scale_factor_step_size", flags_obj.scale_factor_step_size)
    if flags_obj.min_scale_factor > flags_obj.max_scale_factor:
        raise UserError(
            f"Expected --min_scale_factor at or below "
            f"--max_scale_factor={flags_obj.max_scale_factor}, found {flags_obj.min_scale_factor}."
        )
