"""Draws training batches from shards in a process of its own; prints one JSON line."""

import json
import time

from flags import program

import numpy as np
from absl import flags

from deeplab_nas.data import datasets, pipeline
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.data.split import Split
from deeplab_nas.engine.devices.host_memory import peak_memory_gib

_LATE_STEP = 100_000
_WARM_UP = 5

flags.DEFINE_string("dataset", None, "Name of the data set.", required=True)
flags.DEFINE_string("dataset_dir", None, "Folder of the shards of its split train.", required=True)
flags.DEFINE_integer("crop", None, "Height and width of the crops, in pixels.", required=True)
flags.DEFINE_integer("batch", None, "Examples a batch.", required=True)
flags.DEFINE_integer("num_batches", 100, "Batches that are timed.")


def main(_):
    values = flags.FLAGS
    config = DataConfig(train_crop_size=(values.crop, values.crop), train_batch_size=values.batch)
    descriptor = datasets.describe(values.dataset, values.dataset_dir)
    split = Split.load(descriptor, values.dataset_dir, "train")

    def batches(first_step):
        numbers = np.arange(split.index.num_examples)
        return iter(pipeline.train_dataset(config, split, numbers, 1, first_step))

    first = _seconds(lambda: next(batches(0)))
    first_late = _seconds(lambda: next(batches(_LATE_STEP)))
    drawn = batches(0)
    _draw(drawn, _WARM_UP)
    seconds = _seconds(lambda: _draw(drawn, values.num_batches))
    result = {
        "batches_per_second": round(values.num_batches / seconds, 2),
        "images_per_second": round(values.num_batches * values.batch / seconds, 2),
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
    program.run(main)
