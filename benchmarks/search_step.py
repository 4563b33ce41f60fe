"""How long a step of the search takes, and how much memory.

    python -m benchmarks.search_step --train_crop_size=129,129 --operation_set=darts

Prints one JSON line: the median seconds of a weight step, of an architecture step and of both; the
seconds from the start of the process to the end of the first step of each kind; the peak resident
memory in GiB, TensorFlow itself included; the nodes of both graphs; and what the machine can do at
best, measured in the same run. The flags that size the supernet are those of the search.
"""

import json

from flags import model_flags, program

from absl import flags

from benchmarks import measured_process

model_flags.define()
flags.DEFINE_list("train_crop_size", ["321", "321"], "Height and width in pixels. Paper: 321.")
flags.DEFINE_integer("train_batch_size", 2, "Images a step. Paper: 2.", lower_bound=1)
flags.DEFINE_integer("num_classes", 19, "Number of classes.", lower_bound=2)
flags.DEFINE_integer("repetitions", 5, "Timed steps of each kind, after two that are not.", 1)
flags.DEFINE_integer("threads", 0, "Threads in all; 0: one a core.", lower_bound=0)

_PASSED_ON = (
    *("num_layers", "num_blocks", "filter_multiplier", "operation_set", "train_batch_size"),
    *("num_classes", "repetitions", "threads"),
)


def main(_):
    values = flags.FLAGS
    settings = {name: values[name].value for name in _PASSED_ON}
    settings["train_crop_size"] = ",".join(values.train_crop_size)
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    measured = measured_process.run("search_step_run", arguments, "the search step")
    peaks = measured_process.run("machine_peaks", [], "what the machine can do")
    print(json.dumps({"benchmark": "search_step", **settings, **measured, **peaks}))


if __name__ == "__main__":
    program.run(main)
