"""What any search and any training depends on, whatever it trains."""

import dataclasses

from deeplab_nas.engine.configs.devices import DeviceConfig, mixed_precision
from deeplab_nas.errors import UserError
from deeplab_nas.settings import required, setting

# What NumPy and Keras take as a seed.
_LARGEST_SEED = 2**32 - 1


@dataclasses.dataclass(frozen=True)
class RunConfig(DeviceConfig):
    """The run directory, the seed, and how often the run logs and saves."""

    train_logdir: str = required(
        "Run directory, local or gs://. A program started again on it resumes where it stopped.",
        example="runs/first",
        free=True,
        path=True,
    )
    _: dataclasses.KW_ONLY
    seed: int = setting(
        1,
        "Seed of the initialisation, the halves of the training split, the order of the data, the "
        "augmentation, dropout and drop path.",
        paper="not stated",
        least=0,
        most=_LARGEST_SEED,
    )
    mixed_precision: str = mixed_precision()
    steps_per_loop: int = setting(
        1,
        "Weight steps on the device between two looks of the host, 100 or so on a fast device; a "
        "signal waits for them.",
        paper="not stated",
        least=1,
        free=True,
    )
    xla: bool = setting(
        False,
        "Compile a step whole with XLA, on one replica: for GPUs; slow on CPUs, whose depthwise "
        "convolutions it does badly. A TPU always does.",
        paper="not stated",
        free=True,
    )
    log_steps: int = setting(
        10,
        "Weight steps between two lines of history.jsonl.",
        paper="not stated",
        least=1,
        free=True,
    )
    keep_checkpoints: int = setting(
        3, "Checkpoints that are kept, the newest ones.", paper="not stated", least=1, free=True
    )
    save_interval_secs: float = setting(
        1200.0,
        "Longest time without a checkpoint, in seconds; each epoch of a search and each evaluation "
        "of a training ends in one.",
        official="1200",
        least=0,
        free=True,
    )
    deterministic: bool = setting(
        False,
        "The same bits at the end on one machine, however often the run was stopped; takes longer.",
    )
    skip_bad_records: int = setting(
        0,
        "Records that cannot be used and are skipped, and logged, before the run ends. It may be "
        "raised when the run is resumed.",
        least=0,
        free=True,
    )
    debug_numerics: bool = setting(
        False,
        "End at the first operation with a number that is not finite, and name it; takes much "
        "longer.",
        free=True,
    )

    def check_together(self) -> None:
        if self.deterministic and self.xla:
            raise UserError(
                "Expected --deterministic or --xla, found both: XLA has no gradient of max pooling "
                "whose bits TensorFlow promises, leave one of them out."
            )
