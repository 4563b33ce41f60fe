"""Takes steps of a search in a process of its own; prints one JSON line; run by `search_step`."""

import json
import pathlib
import statistics
import time

from flags import program

from benchmarks.measured import search_steps
from benchmarks.measured.search_settings import TimedSearch
from deeplab_nas.engine.devices.host_memory import peak_memory_gib


def main(config: TimedSearch) -> None:
    updates = search_steps.make(config)
    first, nodes = {}, 0
    for name, (update, batch) in updates.items():
        update(*batch)
        first[name] = _seconds_since_start_of_process()
        nodes += _nodes(update.get_concrete_function(*batch).graph)
    seconds = {
        name: _median_seconds(*update, config.repetitions) for name, update in updates.items()
    }
    result = {
        **{f"{name}_seconds": round(found, 3) for name, found in seconds.items()},
        "both_seconds": round(sum(seconds.values()), 3),
        **{f"seconds_to_first_{name}_step": round(found, 1) for name, found in first.items()},
        "peak_memory_gib": round(peak_memory_gib(), 2),
        "graph_nodes": nodes,
    }
    print(json.dumps(result))


def _nodes(graph):
    """Nodes of a graph and of all functions that it calls."""
    definition = graph.as_graph_def()
    functions = definition.library.function
    return len(definition.node) + sum(len(function.node_def) for function in functions)


def _median_seconds(update, batch, repetitions):
    seconds = []
    for number in range(1 + repetitions):
        start = time.perf_counter()
        told = update(*batch)
        [value.numpy() for value in told.values()]
        if number:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _seconds_since_start_of_process():
    # The 22nd field of a file that Linux keeps for every process: its start in ticks after boot.
    started = int(pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / 100


if __name__ == "__main__":
    program.run(TimedSearch, main)
