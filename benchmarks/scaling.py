"""What more replicas would do to a step: `python -m benchmarks.scaling`.

One JSON line: what the replicas of the paper's search and of its training exchange in a step,
counted from the networks, and the step time and efficiency that follow for some numbers of replicas
from the flags. It is arithmetic, not a measurement; docs/scaling.md says what it leaves out.
"""

import dataclasses
import json
import math

from flags import program

from deeplab_nas.core import nas_genotypes, segmenter
from deeplab_nas.core.layers.batch_norm import BatchNorm
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.settings import Settings, required
from deeplab_nas.supernet.normalization import MovingStatistics
from deeplab_nas.supernet.supernet import Supernet

_REPLICAS = (8, 64, 512)
_NUM_CLASSES = 19
_BYTES = 4
# Once forward, with a mean and a variance of every replica, and once backward, with two sums.
_EXCHANGES = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScalingConfig(Settings):
    """What one replica and the network between replicas can do."""

    search_step_seconds: float = required(
        "Seconds of a step of the search, weights and architecture, on one replica.", above=0
    )
    train_step_seconds: float = required("Seconds of a training step on one replica.", above=0)
    gb_per_second: float = required("GB a second each way between two replicas.", above=0)
    latency_microseconds: float = required(
        "Latency from one replica to another in microseconds.", above=0
    )


def main(config: ScalingConfig) -> None:
    exchanged = {"search": _of_search(), "train": _of_training()}
    seconds = {"search": config.search_step_seconds, "train": config.train_step_seconds}
    record = {"benchmark": "scaling", "gb_per_second": config.gb_per_second}
    record["latency_microseconds"] = config.latency_microseconds
    for kind, amounts in exchanged.items():
        record[kind] = {
            "step_seconds": seconds[kind],
            **amounts,
            "replicas": {n: _predicted(config, seconds[kind], amounts, n) for n in _REPLICAS},
        }
    print(json.dumps(record))


def _of_search():
    """Both steps: the statistics of both, the gradients of all variables once."""
    supernet = Supernet(_NUM_CLASSES)
    supernet.build()
    channels = calls = 0
    for layer in supernet._flatten_layers():
        if isinstance(layer, MovingStatistics):
            channels += layer.channels
    for cells in supernet.cells:
        for cell in cells:
            mixed = cell.mixed_ops
            wide = sum(len(one.kernel_sizes) for one in mixed.operations.values())
            # The inputs, and at each stage the wide operations and both pools.
            calls += 1 + len(mixed.stages) * (wide + 2)
    variables = supernet.network_variables + supernet.architecture_variables
    return _amounts(variables, 2 * channels, 2 * calls)


def _of_training():
    model = segmenter.build(nas_genotypes.auto_deeplab(), NetworkConfig(), _NUM_CLASSES)
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, BatchNorm)]
    channels = sum(int(norm.beta.shape[0]) for norm in norms)
    return _amounts(model.trainable_variables, channels, len(norms))


def _amounts(variables, channels, normalizations):
    gradients = sum(_BYTES * int(variable.value.shape.num_elements()) for variable in variables)
    return {
        "gradient_bytes": gradients,
        "statistics_bytes_of_one_replica": _BYTES * 2 * channels,
        "statistics_all_reduces": _EXCHANGES * normalizations,
    }


def _predicted(config, step_seconds, amounts, replicas):
    """Nothing overlaps: a step, then a ring for the bytes, and a tree up and down for each wait."""
    sent = 2 * (replicas - 1) / replicas
    statistics = amounts["statistics_bytes_of_one_replica"] * (replicas + 1)
    sent *= amounts["gradient_bytes"] + statistics
    hops = 2 * math.log2(replicas) * (amounts["statistics_all_reduces"] + 1)
    waited = hops * config.latency_microseconds * 1e-6
    seconds = step_seconds + sent / (config.gb_per_second * 1e9) + waited
    return {"step_seconds": round(seconds, 4), "efficiency": round(step_seconds / seconds, 3)}


if __name__ == "__main__":
    program.run(ScalingConfig, main)
