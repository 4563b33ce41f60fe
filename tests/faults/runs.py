"""Small runs of search and training, each start in a process of its own."""

import json
import multiprocessing
import os
import pathlib
import sys

import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.engine import search_loop, train_loop
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.devices import strategies
from deeplab_nas.errors import StoppedError, UserError
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests import trained_runs

# Importing TensorFlow takes longer than most of these runs: it is done once, in a process that the
# others are forked from.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__, "tests.faults.planted"])

# What differs from run to run.
_TIMES = ("seconds_a_step", "images_a_second", "seconds_since_start", "peak_memory_gib")


def make_shards(folder):
    """32 examples to train on."""
    return trained_runs.make_shards(folder, 32)


def search_config(dataset_dir, run):
    """A search of 56 steps that saves after each: 7 epochs of the halves of `make_shards`."""
    return SearchConfig(
        train_logdir=str(run),
        data=trained_runs.make_data(dataset_dir),
        supernet=SupernetConfig(num_layers=1, num_blocks=1, filter_multiplier=2),
        epochs=7,
        architecture_start_epoch=1,
        log_steps=3,
        save_interval_secs=0.0,
        deterministic=True,
        decoding=trained_runs.NOTHING_RATED,
    )


def train_config(dataset_dir, run):
    """A training of 56 steps with everything that has a state, that saves after each."""
    run.parent.mkdir(parents=True, exist_ok=True)
    architecture = run.parent / "architecture.json"
    cell = ((0, "separable_3x3_1"), (1, "skip"))
    nas_genotypes.Architecture(cell=(cell,), path=(0, 1)).save(architecture)
    return TrainConfig(
        train_logdir=str(run),
        data=trained_runs.make_data(dataset_dir),
        network=NetworkConfig(str(architecture), filter_multiplier=2),
        optimization=OptimizationConfig(training_number_of_steps=56),
        batch_norm_decay=0.5,
        drop_path_keep_prob=0.7,
        moving_average_decay=0.9,
        eval_interval_steps=8,
        log_steps=3,
        save_interval_secs=0.0,
        deterministic=True,
    )


def start(config, log, *faults):
    """Starts a run as `begin` does and waits for its end; returns the exit code."""
    process = begin(config, log, *faults)
    process.join()
    return process.exitcode


def begin(config, log, *faults):
    """Starts a run in a process of its own.

    Args:
        config: A `SearchConfig` or `TrainConfig`.
        log: File that takes what it says on stderr.
        *faults: Functions without arguments, called in that process before the run.

    Returns:
        The process. Its exit code is that of the program: 0 at the end, 1 for a `UserError`, 128
        and more for a signal; negative if a signal ended it at once.
    """
    process = _PROCESSES.Process(target=_run, args=(config, str(log), faults))
    process.start()
    return process


def _run(config, log, faults):
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 2)
    strategies.set_threads(side_by_side=True)
    loop = search_loop if isinstance(config, SearchConfig) else train_loop
    for fault in faults:
        fault()
    try:
        loop.run(config)
    except UserError as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)
    except StoppedError as error:
        os._exit(128 + error.signal_number)
    os._exit(0)


def state(run):
    """Everything that a run ends with, but for what tells the time.

    Args:
        run: The run directory.

    Returns:
        A dict: every tensor of its newest checkpoints, every history line, every architecture.
    """
    run = pathlib.Path(run)
    found = {"history": history(run)}
    for folder in ("checkpoints", "best"):
        if not (run / folder).is_dir():
            continue
        for name, value in tensors(run / folder).items():
            found[f"{folder}/{name}"] = value.tobytes()
    for path in sorted(run.glob("**/*.json")):
        if "architecture" in path.name or "epoch" in path.name:
            found[path.name] = path.read_text()
    return found


def tensors(folder):
    """Every tensor of the newest checkpoint in a folder, by name."""
    reader = tf.train.load_checkpoint(str(folder))
    return {
        name: np.asarray(reader.get_tensor(name))
        for name in reader.get_variable_to_shape_map()
        # TensorFlow counts the saves of a process, which is no part of the run.
        if "VARIABLE_VALUE" in name and not name.startswith("save_counter")
    }


def history(run):
    """The lines of `history.jsonl` without the times."""
    lines = pathlib.Path(run, "history.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return [{key: r[key] for key in r if key not in _TIMES} for r in records]
