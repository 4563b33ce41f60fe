"""Flags of the optimisation of a discrete network, one a field of `OptimizationConfig`."""

import dataclasses

from flags import checks

from absl import flags

from deeplab_nas.engine.configs.optimization import MEDIAN_FREQUENCY, OptimizationConfig
from deeplab_nas.errors import UserError

LEARNING_POLICIES = ("poly", "step", "cosine")


def define() -> None:
    """Defines the flags; names are the official ones, defaults the paper's (section 5.2)."""
    flags.DEFINE_integer(
        "training_number_of_steps",
        OptimizationConfig.training_number_of_steps,
        "Optimizer steps of the whole training. Paper: 1500000; ADE20K 4000000.",
    )
    flags.DEFINE_float("momentum", OptimizationConfig.momentum, "Momentum of SGD. Official: 0.9.")
    flags.DEFINE_float(
        "weight_decay",
        OptimizationConfig.weight_decay,
        "Factor of half the sum of the squared kernels that is added to the loss. Official: 4e-5.",
    )
    flags.DEFINE_integer(
        "gradient_accumulation_steps",
        OptimizationConfig.gradient_accumulation_steps,
        "Parts that the batch of a replica is seen in, one after the other, to save memory; batch "
        "norm sees a part at a time. Paper: not stated.",
    )
    _define_schedule()
    _define_slow_start()
    _define_multipliers()
    _define_loss()


def _define_schedule() -> None:
    flags.DEFINE_string(
        "learning_policy",
        OptimizationConfig.learning_policy,
        f"One of {', '.join(LEARNING_POLICIES)}. Paper: poly.",
    )
    flags.DEFINE_float(
        "base_learning_rate",
        OptimizationConfig.base_learning_rate,
        "Learning rate at the end of the slow start. Paper: 0.05.",
    )
    flags.DEFINE_float(
        "end_learning_rate",
        OptimizationConfig.end_learning_rate,
        "Last learning rate of poly and cosine. Official: 0.",
    )
    flags.DEFINE_integer(
        "decay_steps",
        OptimizationConfig.decay_steps,
        "Steps until poly and cosine have decayed; 0: all after the slow start. Official: 0.",
    )
    flags.DEFINE_float(
        "learning_power", OptimizationConfig.learning_power, "Power of poly. Official: 0.9."
    )
    flags.DEFINE_integer(
        "learning_rate_decay_step",
        OptimizationConfig.learning_rate_decay_step,
        "Steps between two drops of the policy step. Official: 2000.",
    )
    flags.DEFINE_float(
        "learning_rate_decay_factor",
        OptimizationConfig.learning_rate_decay_factor,
        "What each drop of the policy step multiplies the rate by. Official: 0.1.",
    )


def _define_slow_start() -> None:
    flags.DEFINE_integer(
        "slow_start_step",
        OptimizationConfig.slow_start_step,
        "Steps before the policy begins. Official: 0.",
    )
    flags.DEFINE_float(
        "slow_start_learning_rate",
        OptimizationConfig.slow_start_learning_rate,
        "Learning rate during these steps. Official: 1e-4.",
    )
    flags.DEFINE_bool(
        "slow_start_linear",
        OptimizationConfig.slow_start_linear,
        "Whether it rises to --base_learning_rate during them. Official: no.",
    )


def _define_multipliers() -> None:
    flags.DEFINE_float(
        "last_layer_gradient_multiplier",
        OptimizationConfig.last_layer_gradient_multiplier,
        "Of the gradients of ASPP, decoder and logits. Official: 1.",
    )
    flags.DEFINE_bool(
        "last_layers_contain_logits_only",
        OptimizationConfig.last_layers_contain_logits_only,
        "Whether the last layers are the logits alone. Official: no.",
    )
    flags.DEFINE_float(
        "bias_gradient_multiplier",
        OptimizationConfig.bias_gradient_multiplier,
        "Of the gradients of biases. Official: 2.",
    )


def _define_loss() -> None:
    flags.DEFINE_list(
        "label_weights",
        OptimizationConfig.label_weights,
        "Weight of each class in the loss, a number a class, or median_frequency: by the "
        "training split; unset: 1. Official: unset.",
    )
    flags.DEFINE_float(
        "top_k_percent_pixels",
        OptimizationConfig.top_k_percent_pixels,
        "Share of the pixels, from 0 to 1, that the loss is taken of, the hardest ones. Official: "
        "1.",
    )
    flags.DEFINE_integer(
        "hard_example_mining_step",
        OptimizationConfig.hard_example_mining_step,
        "Steps during which this share falls from 1. Official: 0.",
    )


def optimization_config(flags_obj: flags.FlagValues) -> OptimizationConfig:
    """Reads the parsed flags; raises `UserError` for an impossible value."""
    _check(flags_obj)
    names = [field.name for field in dataclasses.fields(OptimizationConfig)]
    values = {name: flags_obj[name].value for name in names}
    if values["label_weights"] == [MEDIAN_FREQUENCY]:
        values["label_weights"] = MEDIAN_FREQUENCY
    elif values["label_weights"] is not None:
        values["label_weights"] = checks.numbers("label_weights", values["label_weights"])
    return OptimizationConfig(**values)


def _check(flags_obj: flags.FlagValues) -> None:
    checks.one_of("learning_policy", flags_obj.learning_policy, LEARNING_POLICIES)
    for name in (
        "training_number_of_steps",
        "learning_rate_decay_step",
        "gradient_accumulation_steps",
    ):
        checks.at_least(name, flags_obj[name].value, 1)
    for name in ("decay_steps", "slow_start_step", "hard_example_mining_step"):
        checks.at_least(name, flags_obj[name].value, 0)
    for name in ("base_learning_rate", "learning_power", "learning_rate_decay_factor"):
        checks.positive(name, flags_obj[name].value)
    for name in (
        "end_learning_rate",
        "slow_start_learning_rate",
        "weight_decay",
        "last_layer_gradient_multiplier",
        "bias_gradient_multiplier",
    ):
        checks.not_negative(name, flags_obj[name].value)
    checks.share("momentum", flags_obj.momentum)
    if not 0 < flags_obj.top_k_percent_pixels <= 1:
        raise UserError(
            "Expected --top_k_percent_pixels above 0 and at most 1, found "
            f"{flags_obj.top_k_percent_pixels}: it is a share."
        )
    if flags_obj.slow_start_step >= flags_obj.training_number_of_steps:
        raise UserError(
            f"Expected --slow_start_step below --training_number_of_steps="
            f"{flags_obj.training_number_of_steps}, found {flags_obj.slow_start_step}."
        )
