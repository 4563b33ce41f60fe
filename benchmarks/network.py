"""How fast the discrete network trains and infers, and how much memory that takes.

    python -m benchmarks.network --precision=bfloat16

Prints one JSON line: for training (batch 2 of 321x321 by default) and inference (batch 1 of 321x321
and of 1025x2049) the median seconds of a step, images a second, and the peak resident memory of the
process in GiB, TensorFlow itself included. Each is measured in a process of its own, so that the
peak is its own.
"""

import json
import re

from absl import app, flags

from benchmarks import measured_process

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
flags.register_multi_flags_validator(
    ["training_sizes", "inference_sizes"],
    lambda values: all(_SIZE.fullmatch(size) for sizes in values.values() for size in sizes),
    "expected sizes such as 321x321, with commas between them",
)

_PASSED_ON = ("filter_multiplier", "num_classes", "precision", "repetitions", "threads")


def main(_):
    measurements = [
        _measure(kind, flags.FLAGS[f"{kind}_batch"].value, size)
        for kind in ("training", "inference")
        for size in flags.FLAGS[f"{kind}_sizes"].value
    ]
    settings = {name: flags.FLAGS[name].value for name in _PASSED_ON}
    print(json.dumps({"benchmark": "network", **settings, "measurements": measurements}))


def _measure(kind, batch, size):
    arguments = [f"--kind={kind}", f"--batch={batch}", f"--size={size}"]
    arguments += [f"--{name}={flags.FLAGS[name].value}" for name in _PASSED_ON]
    return measured_process.run("network_step", arguments, f"{kind} at {size}")


if __name__ == "__main__":
    app.run(main)
