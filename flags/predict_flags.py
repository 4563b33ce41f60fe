"""Flags of predictions on image files, and how they become one `PredictConfig`."""

from flags import checkpoint_flags, inference_flags, precision_flags

from absl import flags

from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.errors import UserError


def define() -> None:
    """Defines all flags of `PredictConfig`."""
    checkpoint_flags.define(required=False)
    inference_flags.define()
    precision_flags.define()
    flags.DEFINE_string(
        "server",
        PredictConfig.server,
        "Instead of --checkpoint: URL of an exported network behind TF Serving, such as "
        "http://localhost:8501/v1/models/NAME.",
    )
    flags.DEFINE_string(
        "model_card",
        PredictConfig.model_card,
        "model_card.json of what is served, for the names and colours of its classes; empty: the "
        "colours of PASCAL VOC and no legend.",
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
    config = PredictConfig(
        checkpoint=flags_obj.checkpoint,
        input=tuple(flags_obj.input),
        output_dir=flags_obj.output_dir,
        inference=inference_flags.inference_config(flags_obj),
        mixed_precision=flags_obj.mixed_precision,
        server=flags_obj.server.rstrip("/"),
        model_card=flags_obj.model_card,
    )
    _check_network(config)
    return config


def _check_network(config: PredictConfig) -> None:
    if bool(config.checkpoint) == bool(config.server):
        raise UserError(
            f"Expected one of --checkpoint and --server, found "
            f"{'both' if config.server else 'neither'}: a network is computed here or asked there."
        )
    if config.model_card and not config.server:
        raise UserError(
            "Expected --model_card together with --server, found it with --checkpoint, which knows "
            "its classes: leave it out."
        )
    here = (config.inference, config.mixed_precision)
    if config.server and here != (PredictConfig.inference, PredictConfig.mixed_precision):
        raise UserError(
            "Expected scales, flips, windows, resize and precision to be options of the export, "
            "found them with --server: leave them out here and export with them."
        )
