"""Takes steps of a search in a process of its own; prints one JSON line; run by `search_step`."""

import json
import pathlib
import resource
import statistics
import time

from flags import model_flags, program

import keras
import numpy as np
import tensorflow as tf
from absl import flags

from deeplab_nas.engine import strategy as strategies
from deeplab_nas.engine.search_config import SearchConfig
from deeplab_nas.engine.search_step import SearchStep
from deeplab_nas.supernet.supernet import Supernet

_IGNORE_LABEL = 255
_TOTAL_STEPS = 1000

model_flags.define()
flags.DEFINE_list("train_crop_size", ["321", "321"], "Height and width in pixels.")
flags.DEFINE_integer("train_batch_size", 2, "Images a step.")
flags.DEFINE_integer("num_classes", 19, "Number of classes.")
flags.DEFINE_integer("repetitions", 5, "Timed steps of each kind.")
flags.DEFINE_integer("threads", 0, "Threads in all; 0: one a core.")


def main(_):
    values = flags.FLAGS
    strategies.set_threads(values.threads, side_by_side=True)
    # As a search does.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    strategy = strategies.build("cpu")
    batch = _batch()
    keras.utils.set_random_seed(1)
    with strategy.scope():
        supernet = Supernet(values.num_classes, model_flags.supernet_config(values))
        supernet.build()
        step = SearchStep(
            strategy, supernet, SearchConfig(train_logdir=""), _IGNORE_LABEL, _TOTAL_STEPS
        )
    updates = {"weights": step.update_weights, "architecture": step.update_architecture}
    first, nodes = {}, 0
    for name, update in updates.items():
        update(*batch)
        first[name] = _seconds_since_start_of_process()
        nodes += len(update.get_concrete_function(*batch).graph.get_operations())
    seconds = {name: _median_seconds(update, batch) for name, update in updates.items()}
    result = {
        **{f"{name}_seconds": round(found, 3) for name, found in seconds.items()},
        "both_seconds": round(sum(seconds.values()), 3),
        **{f"seconds_to_first_{name}_step": round(found, 1) for name, found in first.items()},
        # Linux counts in KiB.
        "peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "graph_nodes": nodes,
    }
    print(json.dumps(result))


def _batch():
    values = flags.FLAGS
    height, width = map(int, values.train_crop_size)
    random = np.random.default_rng(0)
    size = (values.train_batch_size, height, width)
    images = random.uniform(0, 255, (*size, 3)).astype(np.float32)
    labels = random.integers(0, values.num_classes, size, np.int32)
    return tf.constant(images), tf.constant(labels)


def _median_seconds(update, batch):
    seconds = []
    for number in range(1 + flags.FLAGS.repetitions):
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
    program.run(main)
