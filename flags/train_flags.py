"""Flags of training a discrete network, and how all flags become one `TrainConfig`."""

import dataclasses

from flags import (
    checks,
    data_flags,
    network_flags,
    optimization_flags,
    precision_flags,
    run_flags,
    strategy_flags,
)

from absl import flags

from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.errors import UserError

TOPICS = (
    network_flags,
    optimization_flags,
    precision_flags,
    run_flags,
    strategy_flags,
)


def define() -> None:
    """Defines all flags of `TrainConfig`."""
    data_flags.define(TrainConfig.data)
    for topic in TOPICS:
        topic.define()
    _define_beginning()
    flags.DEFINE_float(
        "drop_path_keep_prob",
        TrainConfig.drop_path_keep_prob,
        "Probability of keeping a branch of the last cell at the end of training; earlier cells "
        "and steps keep more. 1: no drop path. Paper: used, its value not stated.",
    )
    flags.DEFINE_float(
        "moving_average_decay",
        TrainConfig.moving_average_decay,
        "Decay a step of the average of the weights that is evaluated and served in their place; "
        "0: none. Paper: not stated.",
    )
    flags.DEFINE_integer(
        "eval_interval_steps",
        TrainConfig.eval_interval_steps,
        "Steps between two evaluations on --val_split; 0: only at the end. Paper: not stated.",
    )


def _define_beginning() -> None:
    flags.DEFINE_string(
        "initial_checkpoint",
        TrainConfig.initial_checkpoint,
        "Run directory, checkpoint, or checkpoint of the official code to begin with; empty: "
        "random weights. Paper: none on Cityscapes, one trained on COCO for VOC.",
    )
    flags.DEFINE_bool(
        "initialize_last_layer",
        TrainConfig.initialize_last_layer,
        "Whether the last layers are taken from it as well. Official: yes.",
    )
    flags.DEFINE_bool(
        "fine_tune_batch_norm",
        TrainConfig.fine_tune_batch_norm,
        "Whether batch norm is trained; without it there is no drop path either. Paper: yes.",
    )
    flags.DEFINE_float(
        "batch_norm_decay",
        TrainConfig.batch_norm_decay,
        "Decay of the batch normalisation's moving mean and variance, a share from 0 to 1. "
        "Official: 0.9997.",
    )


def train_config(flags_obj: flags.FlagValues) -> TrainConfig:
    """Assembles everything a training depends on from the parsed flags.

    Args:
        flags_obj: Parsed flags of this module.

    Returns:
        The configuration.

    Raises:
        UserError: A value is impossible.
    """
    strategy_flags.check(flags_obj)
    run_flags.check(flags_obj)
    precision_flags.check(flags_obj)
    _check(flags_obj)
    parts = {
        "data": data_flags.data_config(flags_obj),
        "network": network_flags.network_config(flags_obj),
        "optimization": optimization_flags.optimization_config(flags_obj),
    }
    names = [field.name for field in dataclasses.fields(TrainConfig) if field.name not in parts]
    return TrainConfig(**parts, **{name: flags_obj[name].value for name in names})


def _check(flags_obj: flags.FlagValues) -> None:
    checks.at_least("eval_interval_steps", flags_obj.eval_interval_steps, 0)
    checks.share("batch_norm_decay", flags_obj.batch_norm_decay)
    checks.share("moving_average_decay", flags_obj.moving_average_decay)
    if not 0 < flags_obj.drop_path_keep_prob <= 1:
        raise UserError(
            "Expected --drop_path_keep_prob above 0 and at most 1, found "
            f"{flags_obj.drop_path_keep_prob}."
        )
