"""Flags of an evaluation, and how they become one `EvaluateConfig`."""

import dataclasses

from flags import checkpoint_flags, checks, inference_flags, precision_flags, strategy_flags

from absl import flags

from deeplab_nas.data import datasets
from deeplab_nas.engine.configs.evaluate import EvaluateConfig


def define() -> None:
    """Defines all flags of `EvaluateConfig`."""
    checkpoint_flags.define()
    inference_flags.define()
    precision_flags.define()
    strategy_flags.define()
    flags.DEFINE_string(
        "eval_logdir",
        EvaluateConfig.eval_logdir,
        "Folder of metrics.json, the picture and the predictions; empty: the run directory.",
    )
    flags.DEFINE_string(
        "dataset",
        EvaluateConfig.dataset,
        f"Name of the data set: {', '.join(datasets.names())}. Empty: that of the training.",
    )
    flags.DEFINE_string(
        "dataset_dir",
        EvaluateConfig.dataset_dir,
        "Folder of the TFRecord shards, local or gs://. Empty: that of the training.",
    )
    flags.DEFINE_string(
        "eval_split",
        EvaluateConfig.eval_split,
        "Split to evaluate on. Empty: the validation split of the training. Paper: val_fine.",
    )
    flags.DEFINE_integer(
        "eval_batch_size",
        EvaluateConfig.eval_batch_size,
        "Images a batch over all replicas, where all images have one size.",
    )
    flags.DEFINE_bool(
        "save_predictions",
        EvaluateConfig.save_predictions,
        "Write a label map for each image into predictions/, with the ids and names that the data "
        "set's evaluation server takes.",
    )


def evaluate_config(flags_obj: flags.FlagValues) -> EvaluateConfig:
    """Reads the parsed flags; raises `UserError` for an impossible value."""
    strategy_flags.check(flags_obj)
    precision_flags.check(flags_obj)
    checks.at_least("eval_batch_size", flags_obj.eval_batch_size, 1)
    if flags_obj.dataset:
        checks.one_of("dataset", flags_obj.dataset, datasets.names())
    names = [field.name for field in dataclasses.fields(EvaluateConfig)]
    values = {name: flags_obj[name].value for name in names if name != "inference"}
    return EvaluateConfig(inference=inference_flags.inference_config(flags_obj), **values)
