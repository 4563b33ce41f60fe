"""How long it takes to know what candidates cost and to keep those of about the same cost.

    python -m benchmarks.candidates --flagfile=flags/recipes/camvid_select.flags \\
        --dataset_dir=data/camvid --random=200 --band=multiply_adds --band_share=0.1

Measures the candidates of a `select` with the same flags, and their scores as untrained networks,
and puts them through the band. Nothing is trained, and what an earlier call has measured is
measured again. Prints one JSON line.
"""

import json
import tempfile
import time

from flags import program

from deeplab_nas.data import pipeline
from deeplab_nas.selection import lineup
from deeplab_nas.selection.pool import band
from deeplab_nas.selection.pool.pool_costs import PoolCosts
from deeplab_nas.selection.select_config import SelectConfig
from tfrecords_tools import build_shapes


def main(config: SelectConfig) -> None:
    config = build_shapes.with_folder(config)
    pool = lineup.pool_of(config.pool, config.seed)
    train, _ = pipeline.splits(config.data)
    with tempfile.TemporaryDirectory() as folder:
        latency = config.band.band == "latency"
        costs = PoolCosts(config, train, folder, scored=True, latency=latency)
        started = time.monotonic()
        kept = costs.of(pool)
        within = costs.limits(config.band, pool)
        if within:
            kept = band.kept(within, kept)
        seconds = time.monotonic() - started
    told = {"candidates": len(pool), "kept": len(kept), "seconds": round(seconds, 1)}
    print(json.dumps({"benchmark": "candidates", **told}))


if __name__ == "__main__":
    program.run(SelectConfig, main)
