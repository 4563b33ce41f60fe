"""How large the search's steps are for XLA, and how long it takes to compile them: for a TPU.

    python -m benchmarks.xla_program --num_layers=6 --train_crop_size=129,129

Prints one JSON line: for each step the seconds of tracing and lowering, the instructions of the
program before XLA optimises it and, with --compile, the seconds of compiling it for this machine
and its instructions afterwards. The other flags are those of `search_step`.
"""

import dataclasses
import json
import time

from flags import program

import tensorflow as tf

from benchmarks.measured import search_steps
from benchmarks.measured.search_settings import SearchCost
from deeplab_nas import settings
from deeplab_nas.settings import setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class XlaProgramConfig(SearchCost):
    """The steps that are lowered, and whether they are compiled."""

    compile: bool = setting(False, "Compile the program, too; takes many minutes on a CPU.")


def main(config: XlaProgramConfig) -> None:
    updates = search_steps.make(config)
    steps = {name: _measure(*update, config.compile) for name, update in updates.items()}
    print(json.dumps({"benchmark": "xla_program", **settings.record(config), "steps": steps}))


def _measure(update, batch, compiles):
    compiled = tf.function(update, jit_compile=True, autograph=False)
    stages = {"lowered": "hlo", **({"compiled": "optimized_hlo"} if compiles else {})}
    result = {}
    for name, stage in stages.items():
        start = time.perf_counter()
        text = compiled.experimental_get_compiler_ir(*batch)(stage=stage)
        result[f"{name}_seconds"] = round(time.perf_counter() - start, 1)
        result[f"{name}_instructions"] = sum(" = " in line for line in text.splitlines())
    return result


if __name__ == "__main__":
    program.run(XlaProgramConfig, main)
