"""The flag of the arithmetic."""

from flags import checks

from absl import flags

from deeplab_nas.engine.configs.train import TrainConfig

PRECISIONS = ("float32", "bfloat16", "float16")


def define() -> None:
    """Defines `--mixed_precision`."""
    flags.DEFINE_string(
        "mixed_precision",
        TrainConfig.mixed_precision,
        f"What convolutions compute in: {', '.join(PRECISIONS)}; weights, batch norm statistics, "
        "losses and metrics stay float32. Paper: not stated.",
    )


def check(flags_obj: flags.FlagValues) -> None:
    """Raises `UserError` for an unknown precision."""
    checks.one_of("mixed_precision", flags_obj.mixed_precision, PRECISIONS)
