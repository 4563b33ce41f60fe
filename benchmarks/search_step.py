"""How long a step of the search takes, and how much memory.

    python -m benchmarks.search_step --train_crop_size=129,129 --operation_set=darts

Prints one JSON line: the median seconds of a weight step, of an architecture step and of both; the
seconds from the start of the process to the end of the first step of each kind; the peak resident
memory in GiB, TensorFlow itself included; the nodes of both graphs, each function counted once; and
what the machine can do at best, measured in the same run. The flags that size the supernet, and
those of its precision and memory, are the search's. With --peer, a plain supernet in PyTorch is
measured in turn, see `peer_pytorch`.
"""

import json

from flags import cost_flags, program

from absl import flags

from benchmarks.measured import measured_process, search_steps

search_steps.define_flags(repetitions=5)
flags.DEFINE_bool("peer", False, "Measure PyTorch's as well; needs `pip install torch`.")

_RUN = ("repetitions", "threads")


def main(_):
    sizes = search_steps.settings((*search_steps.SIZES, *_RUN))
    settings = {**sizes, **search_steps.settings(cost_flags.SETTINGS)}
    measured = measured_process.run("search_step_run", _arguments(settings), "the search step")
    if flags.FLAGS.peer:
        measured["peer"] = measured_process.run("peer_pytorch", _arguments(sizes), "PyTorch's step")
    peaks = measured_process.run("machine_peaks", [], "what the machine can do")
    print(json.dumps({"benchmark": "search_step", **settings, **measured, **peaks}))


def _arguments(settings):
    return [f"--{name}={value}" for name, value in settings.items()]


if __name__ == "__main__":
    program.run(main)
