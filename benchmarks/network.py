"""How fast the discrete network trains and infers, and how much memory that takes.

    python -m benchmarks.network --precision=bfloat16

Prints one JSON line: for training (batch 2 of 321x321 by default) and inference (batch 1 of 321x321
and of 1025x2049) the median seconds of a step, images a second, and the peak resident memory of the
process in GiB, TensorFlow itself included. Each is measured in a process of its own, so that the
peak is its own. With --peers each is followed by the same in other forms, since a machine's speed
changes from hour to hour: a TensorFlow 1 graph as the official code builds it (inference only), and
PyTorch (`pip install -e '.[benchmark]'`); --rounds goes through them several times.
"""

import json
import re

from absl import app, flags

from benchmarks.measured import measured_process

_SIZE = re.compile(r"[1-9]\d*x[1-9]\d*")

flags.DEFINE_integer("filter_multiplier", 20, "F. Paper: 20, 32 or 48.", lower_bound=1)
flags.DEFINE_integer("num_classes", 19, "Number of classes.", lower_bound=1)
flags.DEFINE_enum(
    "precision", "float32", ["float32", "bfloat16"], "Of the computation; variables are float32."
)
flags.DEFINE_integer("training_batch", 2, "Images in a training step.", lower_bound=1)
flags.DEFINE_list("training_sizes", ["321x321"], "Height x width of training images, in pixels.")
flags.DEFINE_integer("inference_batch", 1, "Images in an inference.", lower_bound=1)
flags.DEFINE_list(
    "inference_sizes", ["321x321", "1025x2049"], "Height x width of the images, in pixels."
)
flags.DEFINE_integer("repetitions", 7, "Timed steps, after two that are not.", lower_bound=1)
flags.DEFINE_integer("threads", 0, "Threads in all; 0: one a core.", lower_bound=0)
flags.DEFINE_integer(
    "rounds",
    1,
    "Processes that each measurement is taken in, in turn with its peers'.",
    lower_bound=1,
)
flags.DEFINE_bool("peers", False, "Measure a TensorFlow 1 graph and PyTorch as well, in turn.")
flags.register_multi_flags_validator(
    ["training_sizes", "inference_sizes"],
    lambda values: all(_SIZE.fullmatch(size) for sizes in values.values() for size in sizes),
    "expected sizes such as 321x321, with commas between them",
)

_PASSED_ON = ("filter_multiplier", "num_classes", "precision", "repetitions", "threads")
# Modules that measure one form of the network, by what it is called in the result.
_OURS = {"deeplab_nas": "network_step"}
_PEERS = {
    "training": {"pytorch": "network_pytorch"},
    "inference": {"tensorflow_1_graph": "network_graph", "pytorch": "network_pytorch"},
}


def main(_):
    measurements = [
        measurement
        for kind, peers in _PEERS.items()
        for size in flags.FLAGS[f"{kind}_sizes"].value
        for measurement in _in_turn(_OURS | (peers if flags.FLAGS.peers else {}), kind, size)
    ]
    settings = {name: flags.FLAGS[name].value for name in _PASSED_ON}
    print(json.dumps({"benchmark": "network", **settings, "measurements": measurements}))


def _in_turn(forms, kind, size):
    """The median round of each form of the network, by its seconds."""
    rounds = [
        {form: _measure(module, kind, size) for form, module in forms.items()}
        for _ in range(flags.FLAGS.rounds)
    ]
    for form in forms:
        found = sorted((one[form] for one in rounds), key=lambda measured: measured["seconds"])
        yield {"form": form, **found[len(found) // 2]}


def _measure(module, kind, size):
    batch = flags.FLAGS[f"{kind}_batch"].value
    arguments = [f"--kind={kind}", f"--batch={batch}", f"--size={size}"]
    arguments += [f"--{name}={flags.FLAGS[name].value}" for name in _PASSED_ON]
    return measured_process.run(module, arguments, f"{kind} at {size}")


if __name__ == "__main__":
    app.run(main)
