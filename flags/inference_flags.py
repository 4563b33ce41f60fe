"""Flags of how whole images are seen, one a field of `InferenceConfig`."""

import dataclasses

from flags import checks, data_flags

from absl import flags

from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.errors import UserError


def define() -> None:
    """Defines the flags of scales, mirror images, windows and size."""
    flags.DEFINE_list(
        "eval_scales",
        ["1"],
        "Factors that images are resized by; the softmaxes are averaged. Official: 1, and in its "
        "model zoo 0.5 to 1.75 in steps of 0.25 for multi-scale.",
    )
    flags.DEFINE_bool(
        "add_flipped_images",
        InferenceConfig.add_flipped_images,
        "See every scale mirrored left to right as well. Paper: yes where it says multi-scale.",
    )
    flags.DEFINE_string(
        "window_size",
        None,
        "Height and width in pixels of overlapping windows that images are seen through, or one "
        "number for both; unset: images are seen whole. Paper: whole.",
    )
    flags.DEFINE_integer(
        "window_overlap",
        InferenceConfig.window_overlap,
        "Fewest pixels that neighbouring windows share. Paper: no windows.",
    )
    data_flags.define_resize()


def inference_config(flags_obj: flags.FlagValues) -> InferenceConfig:
    """Reads the parsed flags; raises `UserError` for an impossible value."""
    data_flags.check_resize(flags_obj)
    names = [field.name for field in dataclasses.fields(InferenceConfig)]
    values = {name: flags_obj[name].value for name in names}
    values["eval_scales"] = checks.numbers("eval_scales", values["eval_scales"])
    for scale in values["eval_scales"]:
        checks.positive("eval_scales", scale)
    checks.at_least("window_overlap", flags_obj.window_overlap, 0)
    if values["window_size"] is not None:
        values["window_size"] = checks.size("window_size", values["window_size"])
        if flags_obj.window_overlap >= min(values["window_size"]):
            raise UserError(
                f"Expected --window_overlap below both sides of "
                f"--window_size={flags_obj.window_size}, found {flags_obj.window_overlap}."
            )
    return InferenceConfig(**values)
