"""Flags that say what to describe, and how."""

from flags import checks, network_flags

from absl import flags


def define() -> None:
    """Defines the flags of the network and of what is told about it."""
    network_flags.define()
    flags.DEFINE_integer("num_classes", 19, "Number of classes. Paper: 19 for Cityscapes.")
    flags.DEFINE_string(
        "input_size",
        "1025,2049",
        "Height and width of the image in pixels, or one number for both. Paper: 1025,2049, "
        "Cityscapes.",
    )
    flags.DEFINE_bool("json", False, "Print one JSON object instead of a table.")
    flags.DEFINE_string(
        "output_png", "", "Picture of the path and the cell, written here; empty: none."
    )


def num_classes(flags_obj: flags.FlagValues) -> int:
    """Reads the number of classes; raises `UserError` where it is below 1."""
    checks.at_least("num_classes", flags_obj.num_classes, 1)
    return flags_obj.num_classes


def input_size(flags_obj: flags.FlagValues) -> tuple[int, int]:
    """Reads `(height, width)`; raises `UserError` where it is not one or two positive integers."""
    return checks.size("input_size", flags_obj.input_size)
