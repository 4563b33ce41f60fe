"""How fast the discrete network trains and infers, and how much memory that takes.

    python -m benchmarks.network --precision=bfloat16

Prints one JSON line: for training (batch 2 of 321x321 by default) and inference (batch 1 of 321x321
and of 1025x2049) the median seconds of a step, images a second, and the peak resident memory of the
process in GiB, TensorFlow itself included. Each is measured in a process of its own, so that the
peak is its own. With --peers each is followed by the same in other forms, since a machine's speed
changes from hour to hour: a TensorFlow 1 graph as the official code builds it (inference only), and
PyTorch (`pip install -e '.[benchmark]'`); --rounds goes through them several times.
"""

import dataclasses
import json

from flags import program

from benchmarks.measured import measured_process
from benchmarks.measured.network_measurement import TimedNetwork, image_sizes
from deeplab_nas import settings
from deeplab_nas.settings import setting

# Modules that measure one form of the network, by what it is called in the result.
_OURS = {"deeplab_nas": "measured.network_step"}
_PEERS = {
    "training": {"pytorch": "peers.network_pytorch"},
    "inference": {"tensorflow_1_graph": "peers.network_graph", "pytorch": "peers.network_pytorch"},
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkBenchmarkConfig(TimedNetwork):
    """What is measured, and beside what."""

    training_batch: int = setting(2, "Images in a training step.", least=1)
    training_sizes: tuple[str, ...] = setting(
        ("321x321",), "Height x width of training images, in pixels."
    )
    inference_batch: int = setting(1, "Images in an inference.", least=1)
    inference_sizes: tuple[str, ...] = setting(
        ("321x321", "1025x2049"), "Height x width of the images, in pixels."
    )
    rounds: int = setting(
        1, "Processes that each measurement is taken in, in turn with its peers'.", least=1
    )
    peers: bool = setting(False, "Measure a TensorFlow 1 graph and PyTorch as well, in turn.")

    def check_together(self) -> None:
        for kind in _PEERS:
            self.sizes(kind)

    def sizes(self, kind: str) -> list[tuple[int, int]]:
        """Height and width of the images of a training or an inference."""
        name = f"{kind}_sizes"
        return image_sizes(name, getattr(self, name))


def main(config: NetworkBenchmarkConfig) -> None:
    measurements = [
        measurement
        for kind, peers in _PEERS.items()
        for size in config.sizes(kind)
        for measurement in _in_turn(config, _OURS | (peers if config.peers else {}), kind, size)
    ]
    print(json.dumps({"benchmark": "network", **_shared(config), "measurements": measurements}))


def _shared(config):
    """The settings that every measurement has in common."""
    return {field.name: getattr(config, field.name) for field in settings.fields_of(TimedNetwork)}


def _in_turn(config, forms, kind, size):
    """The median round of each form of the network, by its seconds."""
    rounds = [
        {form: _measure(config, module, kind, size) for form, module in forms.items()}
        for _ in range(config.rounds)
    ]
    for form in forms:
        found = sorted((one[form] for one in rounds), key=lambda measured: measured["seconds"])
        yield {"form": form, **found[len(found) // 2]}


def _measure(config, module, kind, size):
    step = {"kind": kind, "batch": getattr(config, f"{kind}_batch"), "size": size}
    return measured_process.run(module, _shared(config) | step, f"{kind} at {size[0]}x{size[1]}")


if __name__ == "__main__":
    program.run(NetworkBenchmarkConfig, main)
