"""Where a program computes, and in what arithmetic."""

import dataclasses
from typing import Any

from deeplab_nas.engine.devices.precision import PRECISIONS
from deeplab_nas.engine.devices.strategies import STRATEGIES
from deeplab_nas.settings import Settings, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceConfig(Settings):
    """The devices of a program."""

    strategy: str = setting(
        "cpu",
        "Where to compute: {choices}.",
        paper="one P100 GPU (gpu)",
        choices=STRATEGIES,
        free=True,
    )
    num_gpus: int = setting(
        0, "GPUs that the strategy mirrored uses; 0: all of them.", least=0, free=True
    )
    logical_cpus: int = setting(
        0,
        "Replicas that the strategy mirrored makes on the CPU instead of GPUs, which share its "
        "cores: to try several replicas, not to be faster. 0: none.",
        least=0,
        free=True,
    )
    tpu: str = setting("", "TPU of the strategy tpu: a name, local or a grpc address.", free=True)
    threads: int = setting(
        0, "CPU operations at a time; 0: as many as there are cores.", least=0, free=True
    )


def mixed_precision() -> Any:
    """Makes the field of a program's arithmetic."""
    return setting(
        "float32",
        "What convolutions compute in: {choices}; weights, alpha, beta, batch norm statistics, "
        "losses and metrics stay float32, and in training with float16 the loss is scaled.",
        paper="not stated",
        choices=PRECISIONS,
    )
