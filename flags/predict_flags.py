"""Flags of predictions on image files, and how they become one `PredictConfig`."""

from flags import inference_flags, precision_flags

from absl import flags

from deeplab_nas.engine.predict_config import PredictConfig


def define() -> None:
    """Defines all flags of `PredictConfig`."""
    inference_flags.define()
    precision_flags.define()
    flags.DEFINE_string(
        "checkpoint",
        None,
        "Run directory of a training (its best weights, else its newest), or one checkpoint in it.",
        required=True,
    )
    flags.DEFINE_multi_string(
        "input",
        None,
        "Image file, folder of images or glob, local or gs://; may be given several times.",
        required=True,
    )
    flags.DEFINE_string(
        "output_dir",
        None,
        "Folder of labels/, overlays/ and legend.png, local or gs://.",
        required=True,
    )
    flags.DEFINE_integer("threads", 0, "CPU threads; 0: as many as there are cores.")


def predict_config(flags_obj: flags.FlagValues) -> PredictConfig:
    """Reads the parsed flags; raises `UserError` for an impossible value."""
    precision_flags.check(flags_obj)
    return PredictConfig(
        checkpoint=flags_obj.checkpoint,
        input=tuple(flags_obj.input),
        output_dir=flags_obj.output_dir,
        inference=inference_flags.inference_config(flags_obj),
        mixed_precision=flags_obj.mixed_precision,
    )
