"""What the measurements of the paper's network share: settings, clock, result."""

import dataclasses
import json
import re
import statistics
import time
from collections.abc import Callable, Sequence

from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting

_WARM_UP = 2
_SIZE = re.compile(r"([1-9]\d*)x([1-9]\d*)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class MeasuredNetwork(Settings):
    """The network that is measured, and on how many threads."""

    filter_multiplier: int = setting(20, "F.", paper="20, 32 or 48", least=1)
    num_classes: int = setting(19, "Number of classes.", least=1)
    threads: int = setting(0, "Threads in all; 0: one a core.", least=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimedNetwork(MeasuredNetwork):
    """How its steps are timed."""

    precision: str = setting(
        "float32",
        "What the network computes in: {choices}; variables are float32.",
        choices=("float32", "bfloat16"),
    )
    repetitions: int = setting(7, "Timed steps, after two that are not.", least=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepConfig(TimedNetwork):
    """One kind of step, measured in one process."""

    kind: str = setting(
        "inference", "What to measure: {choices}.", choices=("training", "inference")
    )
    batch: int = setting(1, "Images in a step.", least=1)
    size: tuple[int, int] = setting((321, 321), "Height and width of the images.", least=1)


def image_sizes(name: str, texts: Sequence[str]) -> list[tuple[int, int]]:
    """Reads sizes such as 321x321, the values of the flag `name`, or raises `UserError`."""
    found = [_SIZE.fullmatch(text) for text in texts]
    if not all(found):
        raise UserError(
            f"Expected --{name} to be sizes such as 321x321 with commas between them, found "
            f"'{','.join(texts)}'."
        )
    return [(int(size[1]), int(size[2])) for size in found]


def report(config: StepConfig, step: Callable[[], object], parameters: int) -> None:
    """Measures `step`, a function that returns when it is done, and prints one JSON line.

    Args:
        config: What is measured.
        step: What is timed.
        parameters: Number of trainable parameters, by which to see that two networks are alike.
    """
    for _ in range(_WARM_UP):
        step()
    seconds = []
    for _ in range(config.repetitions):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    height, width = config.size
    result = {
        "kind": config.kind,
        "batch": config.batch,
        "height": height,
        "width": width,
        "seconds": round(median, 4),
        "images_per_second": round(config.batch / median, 4),
        "peak_memory_gib": round(peak_memory_gib(), 3),
        "parameters": parameters,
    }
    print(json.dumps(result))
