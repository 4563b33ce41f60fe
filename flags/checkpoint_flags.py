"""The flag of a trained network."""

from absl import flags


def define(required: bool = True) -> None:
    """Defines `--checkpoint`; where it is not required, it is empty unless given."""
    flags.DEFINE_string(
        "checkpoint",
        None if required else "",
        "Run directory of a training (its best weights, else its newest), or one checkpoint in it.",
        required=required,
    )
