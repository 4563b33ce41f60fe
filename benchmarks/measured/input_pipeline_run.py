"""Draws training batches from shards in a process of its own; prints one JSON line."""

import dataclasses
import json
import time

from flags import program

import numpy as np

from deeplab_nas.data import datasets, pipeline
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.data.split import Split
from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.settings import Settings, required, setting

_LATE_STEP = 100_000
_WARM_UP = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputPipelineRunConfig(Settings):
    """The batches that are drawn."""

    dataset: str = required("Name of the data set.")
    dataset_dir: str = required("Folder of the shards of its split train.", path=True)
    crop: int = required("Height and width of the crops, in pixels.", least=1)
    batch: int = required("Examples a batch.", least=1)
    num_batches: int = setting(100, "Batches that are timed.", least=1)


def main(config: InputPipelineRunConfig) -> None:
    data = DataConfig(train_crop_size=(config.crop, config.crop), train_batch_size=config.batch)
    descriptor = datasets.describe(config.dataset, config.dataset_dir)
    split = Split.load(descriptor, config.dataset_dir, "train")

    def batches(first_step):
        numbers = np.arange(split.index.num_examples)
        return iter(pipeline.train_dataset(data, split, numbers, 1, first_step))

    first = _seconds(lambda: next(batches(0)))
    first_late = _seconds(lambda: next(batches(_LATE_STEP)))
    drawn = batches(0)
    _draw(drawn, _WARM_UP)
    seconds = _seconds(lambda: _draw(drawn, config.num_batches))
    result = {
        "batches_per_second": round(config.num_batches / seconds, 2),
        "images_per_second": round(config.num_batches * config.batch / seconds, 2),
        "seconds_to_first_batch": round(first, 2),
        "seconds_to_first_batch_at_step_100000": round(first_late, 2),
        "peak_gib": round(peak_memory_gib(), 2),
    }
    print(json.dumps(result))


def _draw(drawn, count):
    for _ in range(count):
        next(drawn)


def _seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    program.run(InputPipelineRunConfig, main)
