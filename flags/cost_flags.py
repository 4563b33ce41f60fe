"""Flags of what a step of the search costs: its precision and its memory."""

from flags import checks

from absl import flags

from deeplab_nas.engine.configs.search import SearchConfig

PRECISIONS = ("float32", "bfloat16", "float16")
RECOMPUTE = ("auto", "always", "never")
SETTINGS = ("mixed_precision", "recompute", "activation_memory_gib")


def define() -> None:
    """Defines the flags that `SETTINGS` names."""
    flags.DEFINE_string(
        "mixed_precision",
        SearchConfig.mixed_precision,
        f"What convolutions compute in: {', '.join(PRECISIONS)}; weights, alpha, beta, batch norm "
        "statistics, losses and metrics stay float32, and with float16 the loss is scaled. Paper: "
        "not stated.",
    )
    flags.DEFINE_string(
        "recompute",
        SearchConfig.recompute,
        "Whether nodes of the supernet compute again what their gradient needs, which takes "
        "longer, instead of keeping it: auto (those that do not fit --activation_memory_gib), "
        "always or never. Paper: not stated.",
    )
    flags.DEFINE_float(
        "activation_memory_gib",
        SearchConfig.activation_memory_gib,
        "GiB that the nodes may keep for the gradient on one replica, with --recompute=auto.",
    )


def check(flags_obj: flags.FlagValues) -> None:
    """Raises `UserError` for an impossible value."""
    checks.one_of("mixed_precision", flags_obj.mixed_precision, PRECISIONS)
    checks.one_of("recompute", flags_obj.recompute, RECOMPUTE)
    checks.not_negative("activation_memory_gib", flags_obj.activation_memory_gib)
