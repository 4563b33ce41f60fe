"""Flags that size the search space."""

import dataclasses

from flags import checks

from absl import flags

from deeplab_nas.supernet.supernet_config import SupernetConfig

OPERATION_SETS = ("official", "darts")


def define() -> None:
    """Defines one flag for each field of `SupernetConfig`."""
    flags.DEFINE_integer("num_layers", SupernetConfig.num_layers, "L, cells on a path. Paper: 12.")
    flags.DEFINE_integer("num_blocks", SupernetConfig.num_blocks, "B, blocks in a cell. Paper: 5.")
    flags.DEFINE_integer(
        "filter_multiplier",
        SupernetConfig.filter_multiplier,
        "F; a block at output stride s has F * s / 4 filters. Paper: 8 in the search.",
    )
    flags.DEFINE_string(
        "operation_set",
        SupernetConfig.operation_set,
        "Candidate operations: official (atrous convolutions are full, as in the official network) "
        "or darts (depthwise-separable). Paper: eight operations, the form not stated.",
    )
    flags.DEFINE_float(
        "batch_norm_decay",
        SupernetConfig.batch_norm_decay,
        "Decay of the batch normalisation's moving mean and variance, a share from 0 to 1. "
        "Paper: not stated.",
    )


def supernet_config(flags_obj: flags.FlagValues) -> SupernetConfig:
    """Reads the parsed flags; raises `UserError` for an impossible value."""
    for name in ("num_layers", "num_blocks", "filter_multiplier"):
        checks.at_least(name, flags_obj[name].value, 1)
    checks.one_of("operation_set", flags_obj.operation_set, OPERATION_SETS)
    checks.share("batch_norm_decay", flags_obj.batch_norm_decay)
    names = [field.name for field in dataclasses.fields(SupernetConfig)]
    return SupernetConfig(**{name: flags_obj[name].value for name in names})
