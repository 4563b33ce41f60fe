"""Flags that any training run has, whatever it trains."""

from flags import checks

from absl import flags

from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.errors import UserError

# What NumPy and Keras take as a seed.
_LARGEST_SEED = 2**32 - 1


def define() -> None:
    """Defines the run directory, the seed, and how often the run logs and saves."""
    flags.DEFINE_string(
        "train_logdir",
        "",
        "Run directory, local or gs://. A program started again on it goes on where it stopped.",
    )
    flags.DEFINE_integer(
        "seed",
        SearchConfig.seed,
        "Seed of the initialisation, the halves of the training split, the order of the data and "
        "the augmentation. Paper: not stated.",
    )
    flags.DEFINE_integer(
        "steps_per_loop",
        SearchConfig.steps_per_loop,
        "Weight steps on the device between two looks of the host, 100 or so on a fast device; a "
        "signal waits for them. Paper: not stated.",
    )
    flags.DEFINE_bool(
        "xla",
        SearchConfig.xla,
        "Compile a step whole with XLA, on one replica: for GPUs; slow on CPUs, whose depthwise "
        "convolutions it does badly. A TPU always does. Paper: not stated.",
    )
    flags.DEFINE_integer(
        "log_steps",
        SearchConfig.log_steps,
        "Weight steps between two lines of history.jsonl. Paper: not stated.",
    )
    flags.DEFINE_integer(
        "keep_checkpoints",
        SearchConfig.keep_checkpoints,
        "Checkpoints that are kept, the newest ones. Paper: not stated.",
    )
    flags.DEFINE_float(
        "save_interval_secs",
        SearchConfig.save_interval_secs,
        "Longest time without a checkpoint inside an epoch, in seconds; each epoch ends in one. "
        "Official: 1200.",
    )
    flags.DEFINE_bool(
        "deterministic",
        SearchConfig.deterministic,
        "The same bits at the end on one machine, however often the run was stopped; takes longer.",
    )
    flags.DEFINE_integer(
        "skip_bad_records",
        SearchConfig.skip_bad_records,
        "Records that cannot be used and are passed over, and told, before the run ends. It may be "
        "raised when the run goes on.",
    )
    flags.DEFINE_bool(
        "debug_numerics",
        SearchConfig.debug_numerics,
        "End at the first operation with a number that is not finite, and name it; takes much "
        "longer.",
    )


def check(flags_obj: flags.FlagValues) -> None:
    """Raises `UserError` for an impossible value."""
    if not flags_obj.train_logdir:
        raise UserError(
            "Expected --train_logdir to name the folder of the run, found none: "
            "give one, such as --train_logdir=runs/first."
        )
    checks.between("seed", flags_obj.seed, 0, _LARGEST_SEED)
    checks.at_least("steps_per_loop", flags_obj.steps_per_loop, 1)
    checks.at_least("log_steps", flags_obj.log_steps, 1)
    checks.at_least("keep_checkpoints", flags_obj.keep_checkpoints, 1)
    checks.not_negative("save_interval_secs", flags_obj.save_interval_secs)
    checks.not_negative("skip_bad_records", flags_obj.skip_bad_records)
