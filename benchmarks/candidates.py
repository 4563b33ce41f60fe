"""How long it takes to know what candidates cost and to keep those of about the same cost.

    python -m benchmarks.candidates --flagfile=flags/recipes/camvid_select.flags \\
        --dataset_dir=data/camvid --random=200 --band=multiply_adds --band_share=0.1

Measures the candidates of a `select` with the same flags, and their scores as untrained networks,
and puts them through the band. Nothing is trained, and what an earlier call has measured is
measured again. Prints one JSON line.
"""

import json
import os
import tempfile
import time

from flags import program

from deeplab_nas.core import nas_genotypes
from deeplab_nas.data import pipeline
from deeplab_nas.selection import lineup
from deeplab_nas.selection.pool import band, candidate_costs, scored_images
from deeplab_nas.selection.pool.candidate_costs import Asked
from deeplab_nas.selection.select_config import SelectConfig
from tfrecords_tools import build_shapes


def main(config: SelectConfig) -> None:
    config = build_shapes.with_folder(config)
    pool = lineup.pool_of(config.pool, config.seed)
    train, _ = pipeline.splits(config.data)
    asked = Asked(
        config.network,
        train.descriptor.num_classes,
        config.data.train_crop_size,
        images=scored_images.of_split(config.data, train, config.seed),
        latency=config.band.band == "latency",
        precision=config.mixed_precision,
    )
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        cache = os.path.join(folder, "costs.json")
        costs = dict(zip(pool, _measured(pool, asked, cache), strict=True))
        kept = costs
        if config.band.band:
            middle = None
            if config.band.band_middle_path:
                architecture = nas_genotypes.resolve(config.band.band_middle_path)
                middle = candidate_costs.measure([architecture], asked, cache)[0]
            kept = band.kept(band.limits(config.band, costs.values(), middle), costs)
    seconds = time.monotonic() - started
    told = {"candidates": len(pool), "kept": len(kept), "seconds": round(seconds, 1)}
    print(json.dumps({"benchmark": "candidates", **told}))


def _measured(pool, asked, cache):
    return candidate_costs.measure(list(pool.values()), asked, cache)


if __name__ == "__main__":
    program.run(SelectConfig, main)
