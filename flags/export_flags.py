"""Flags of an export, and how they become one `ExportConfig`."""

import dataclasses

from flags import checkpoint_flags, checks, inference_flags, precision_flags

from absl import flags

from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.errors import UserError
from deeplab_nas.serving.export_config import ExportConfig

FORMATS = ("saved_model", "litert", "keras")
QUANTIZATIONS = ("none", "int8")


def define() -> None:
    """Defines all flags of `ExportConfig`."""
    checkpoint_flags.define()
    inference_flags.define()
    precision_flags.define()
    flags.DEFINE_string(
        "export_dir", None, "Folder of the versions, local or gs://.", required=True
    )
    flags.DEFINE_integer(
        "export_version",
        ExportConfig.export_version,
        "Number of the version; 0: the one after the highest there.",
    )
    flags.DEFINE_string(
        "format",
        ExportConfig.format,
        f"What to write: {', '.join(FORMATS)}. litert sees one image of --image_size.",
    )
    flags.DEFINE_bool(
        "fold_batch_norm",
        ExportConfig.fold_batch_norm,
        "Multiply batch normalisation into the convolutions: same predictions, less time.",
    )
    flags.DEFINE_integer(
        "max_pixels",
        ExportConfig.max_pixels,
        "Most pixels of an image that the SavedModel takes; it bounds the memory of a request.",
    )
    flags.DEFINE_string(
        "image_size",
        None,
        "Height and width in pixels of the images of litert and of the requests that warm a server "
        "up, or one number for both; unset: the crop of the training.",
    )
    flags.DEFINE_string(
        "quantize",
        ExportConfig.quantize,
        f"What litert computes in: {', '.join(QUANTIZATIONS)}. none: float32.",
    )
    flags.DEFINE_string(
        "dataset_dir",
        ExportConfig.dataset_dir,
        "Folder of the shards whose images calibrate int8; empty: that of the training.",
    )
    flags.DEFINE_integer(
        "num_calibration_images",
        ExportConfig.num_calibration_images,
        "How many images of the training split calibrate int8.",
    )


def export_config(flags_obj: flags.FlagValues) -> ExportConfig:
    """Reads the parsed flags; raises `UserError` for an impossible value."""
    precision_flags.check(flags_obj)
    checks.one_of("format", flags_obj.format, FORMATS)
    checks.one_of("quantize", flags_obj.quantize, QUANTIZATIONS)
    for name, lowest in (("export_version", 0), ("max_pixels", 1), ("num_calibration_images", 1)):
        checks.at_least(name, flags_obj[name].value, lowest)
    values = {
        field.name: flags_obj[field.name].value
        for field in dataclasses.fields(ExportConfig)
        if field.name != "inference"
    }
    if values["image_size"] is not None:
        values["image_size"] = checks.size("image_size", values["image_size"])
    config = ExportConfig(inference=inference_flags.inference_config(flags_obj), **values)
    _check_format(config)
    return config


def _check_format(config: ExportConfig) -> None:
    if config.format != "saved_model" and config.inference != InferenceConfig():
        raise UserError(
            "Expected --format=saved_model for scales, flips, windows or a resize, found "
            f"--format={config.format}, which sees an image whole and once: leave them out."
        )
    if config.format != "litert" and config.quantize != "none":
        raise UserError(
            f"Expected --format=litert for --quantize={config.quantize}, found "
            f"--format={config.format}."
        )
    if config.format == "litert" and (config.mixed_precision, config.fold_batch_norm) != (
        ExportConfig.mixed_precision,
        True,
    ):
        raise UserError(
            "Expected --mixed_precision=float32 and --fold_batch_norm for --format=litert, found "
            "other values: leave them out; --quantize=int8 makes it smaller."
        )
