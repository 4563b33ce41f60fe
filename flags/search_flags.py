"""Flags of the search itself, and how all flags become one `SearchConfig`."""

import dataclasses

from flags import checks, cost_flags, data_flags, model_flags, run_flags, strategy_flags

from absl import flags

from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.errors import UserError


def define() -> None:
    """Defines the flags of the optimisation (Auto-DeepLab, section 5.1)."""
    flags.DEFINE_integer(
        "epochs", SearchConfig.epochs, "Passes over trainA, half of the training split. Paper: 40."
    )
    flags.DEFINE_integer(
        "architecture_start_epoch",
        SearchConfig.architecture_start_epoch,
        "Epochs that train the weights alone before alpha and beta move. Paper: 20.",
    )
    _define_weight_flags()
    _define_architecture_flags()


def search_config(flags_obj: flags.FlagValues) -> SearchConfig:
    """Assembles everything a search depends on from the parsed flags.

    Args:
        flags_obj: Parsed flags of `data_flags`, `model_flags`, `search_flags`, `cost_flags`,
            `strategy_flags` and `run_flags`.

    Returns:
        The configuration.

    Raises:
        UserError: A value is impossible.
    """
    strategy_flags.check(flags_obj)
    run_flags.check(flags_obj)
    cost_flags.check(flags_obj)
    _check(flags_obj)
    parts = {
        "data": data_flags.data_config(flags_obj),
        "supernet": model_flags.supernet_config(flags_obj),
    }
    names = [field.name for field in dataclasses.fields(SearchConfig) if field.name not in parts]
    return SearchConfig(**parts, **{name: flags_obj[name].value for name in names})


def _define_weight_flags() -> None:
    flags.DEFINE_float(
        "base_learning_rate",
        SearchConfig.base_learning_rate,
        "First learning rate of the weights. Paper: 0.025.",
    )
    flags.DEFINE_float(
        "end_learning_rate",
        SearchConfig.end_learning_rate,
        "Last learning rate of the weights, reached along a cosine. Paper: 0.001.",
    )
    flags.DEFINE_float(
        "momentum", SearchConfig.momentum, "Momentum of the weights' SGD. Paper: 0.9."
    )
    flags.DEFINE_float(
        "weight_decay",
        SearchConfig.weight_decay,
        "L2 of the weights, added to the gradient. Paper: 0.0003.",
    )
    flags.DEFINE_float(
        "clip_gradient_norm",
        SearchConfig.clip_gradient_norm,
        "Global norm at which the weights' gradient is clipped; 0: not clipped. Paper: not stated; "
        "DARTS: 5.",
    )


def _define_architecture_flags() -> None:
    flags.DEFINE_float(
        "architecture_learning_rate",
        SearchConfig.architecture_learning_rate,
        "Adam's learning rate for alpha and beta. Paper: 0.003.",
    )
    flags.DEFINE_float(
        "architecture_weight_decay",
        SearchConfig.architecture_weight_decay,
        "L2 of alpha and beta, added to the gradient. Paper: 0.001.",
    )


def _check(flags_obj: flags.FlagValues) -> None:
    checks.at_least("epochs", flags_obj.epochs, 1)
    checks.between(
        "architecture_start_epoch", flags_obj.architecture_start_epoch, 0, flags_obj.epochs
    )
    for name in ("base_learning_rate", "end_learning_rate", "architecture_learning_rate"):
        checks.positive(name, flags_obj[name].value)
    for name in ("weight_decay", "clip_gradient_norm", "architecture_weight_decay"):
        checks.not_negative(name, flags_obj[name].value)
    checks.share("momentum", flags_obj.momentum)
    if flags_obj.end_learning_rate > flags_obj.base_learning_rate:
        raise UserError(
            f"Expected --end_learning_rate at or below "
            f"--base_learning_rate={flags_obj.base_learning_rate}, "
            f"found {flags_obj.end_learning_rate}."
        )
