"""How large the search's steps are for XLA, and how long it takes to compile them: for a TPU.

    python -m benchmarks.xla_program --num_layers=6 --train_crop_size=129,129

Prints one JSON line: for each step the seconds of tracing and lowering, the instructions of the
program before XLA optimises it and, with --compile, the seconds of compiling it for this machine
and its instructions afterwards. The flags are those of `search_step`.
"""

import json
import time

from flags import cost_flags, program

import tensorflow as tf
from absl import flags

from benchmarks.measured import search_steps

search_steps.define_flags(repetitions=1)
flags.DEFINE_bool("compile", False, "Compile the program, too; takes many minutes on a CPU.")


def main(_):
    updates, batch = search_steps.make()
    settings = search_steps.settings((*search_steps.SIZES, *cost_flags.SETTINGS))
    steps = {name: _measure(update, batch) for name, update in updates.items()}
    print(json.dumps({"benchmark": "xla_program", **settings, "steps": steps}))


def _measure(update, batch):
    compiled = tf.function(update, jit_compile=True, autograph=False)
    stages = {"lowered": "hlo", **({"compiled": "optimized_hlo"} if flags.FLAGS.compile else {})}
    result = {}
    for name, stage in stages.items():
        start = time.perf_counter()
        text = compiled.experimental_get_compiler_ir(*batch)(stage=stage)
        result[f"{name}_seconds"] = round(time.perf_counter() - start, 1)
        result[f"{name}_instructions"] = sum(" = " in line for line in text.splitlines())
    return result


if __name__ == "__main__":
    program.run(main)
