"""What a strategy and the host cost beside the step itself: `python -m benchmarks.strategies`.

One JSON line: seconds a step of the search, weights and architecture, with the strategy `cpu` and
with `mirrored` on one device, measured in turn in one process; and with `--steps_per_loop` of 1 and
of 50 on `cpu`.
"""

import json
import statistics
import time

from flags import program

import tensorflow as tf

from benchmarks.measured import search_steps
from benchmarks.measured.search_settings import TimedSearch
from deeplab_nas import settings
from deeplab_nas.engine.devices import strategies

_STEPS_PER_LOOP = 50


def main(config: TimedSearch) -> None:
    search_steps.set_up(config)
    # Devices are set up once: the strategy that makes them comes first.
    mirrored = strategies.build("mirrored", logical_cpus=1)
    cpu = strategies.build("cpu")
    by_name = {
        name: (search_steps.Step(strategy, config, count), count)
        for name, strategy, count in (
            ("cpu", cpu, 1),
            ("mirrored", mirrored, 1),
            ("loop", cpu, _STEPS_PER_LOOP),
        )
    }
    seconds = {name: [] for name in by_name}
    for repetition in range(config.repetitions + 1):
        for name, (step, steps_per_loop) in by_name.items():
            taken = _seconds_a_step(step, steps_per_loop)
            # The first of each traces its function.
            if repetition:
                seconds[name].append(taken)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    record = {
        "benchmark": "strategies",
        **settings.record(config),
        "cpu_seconds": round(median["cpu"], 4),
        "mirrored_seconds": round(median["mirrored"], 4),
        "mirrored_over_cpu": round(median["mirrored"] / median["cpu"], 4),
        f"{_STEPS_PER_LOOP}_steps_per_loop_seconds": round(median["loop"], 4),
    }
    print(json.dumps(record))


def _seconds_a_step(step, steps_per_loop):
    """Of as many steps as the longest loop has."""
    started = time.perf_counter()
    for _ in range(_STEPS_PER_LOOP // steps_per_loop):
        told = step.search_step.run_alternating(*step.iterators, steps=tf.constant(steps_per_loop))
        told["weight_loss"].numpy()
    return (time.perf_counter() - started) / _STEPS_PER_LOOP


if __name__ == "__main__":
    program.run(TimedSearch, main)
