"""How long a step of the search takes, and how much memory.

    python -m benchmarks.search_step --train_crop_size=129,129 --operation_set=darts

Prints one JSON line: the median seconds of a weight step, of an architecture step and of both; the
seconds from the start of the process to the end of the first step of each kind; the peak resident
memory in GiB, TensorFlow itself included; the nodes of both graphs, each function counted once; and
what the machine can do at best, measured in the same run. The flags that size the supernet, and
those of its precision and memory, are the search's. With --peer, a plain supernet in PyTorch is
measured in turn, see `peers.search_pytorch`.
"""

import dataclasses
import json

from flags import program

from benchmarks.measured import measured_process
from benchmarks.measured.search_settings import SearchSizes, TimedSearch
from deeplab_nas import settings
from deeplab_nas.settings import setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchStepConfig(TimedSearch):
    """The step that is measured, and whether PyTorch's is."""

    peer: bool = setting(False, "Measure PyTorch's as well; needs `pip install torch`.")


def main(config: SearchStepConfig) -> None:
    """Measures, and prints the JSON line."""
    chosen = settings.record(config)
    with_peer = chosen.pop("peer")
    measured = measured_process.run("measured.search_step_run", chosen, "the search step")
    if with_peer:
        names = [field.name for field in settings.leaves(SearchSizes)]
        sizes = {name: chosen[name] for name in (*names, "repetitions")}
        measured["peer"] = measured_process.run("peers.search_pytorch", sizes, "PyTorch's step")
    peaks = measured_process.run("machine_peaks", {}, "what the machine can do")
    print(json.dumps({"benchmark": "search_step", **chosen, **measured, **peaks}))


if __name__ == "__main__":
    program.run(SearchStepConfig, main)
