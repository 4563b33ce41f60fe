"""Replicas and workers, also those that were struck, come to what one replica comes to."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tests.engine import replicated_run

# What is promised of the other workers when one of them is killed.
_SECONDS_TO_NOTICE = 60
_ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return replicated_run.make_shards(tmp_path_factory.mktemp("unequal"))


def start(kind, shards, run, strategy, logical_cpus, strike=(), **environment):
    """Starts a `replicated_run`."""
    arguments = [kind, shards, run, strategy, logical_cpus, *strike]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engine.replicated_run", *map(str, arguments)],
        cwd=_ROOT,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def start_workers(kind, shards, run, strike=()):
    """Starts two workers; `strike`, a signal and a step, is for the second."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
    addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    workers = []
    for index in range(2):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        struck = strike if index else ()
        workers.append(start(kind, shards, run, "multi_worker", 0, struck, TF_CONFIG=config))
    return workers


def end(*processes, code=0):
    """Waits for processes; returns what they wrote to stderr."""
    told = [process.communicate()[1] for process in processes]
    for process, text in zip(processes, told, strict=True):
        assert process.returncode == code, text
    return told


def tensors(run):
    """Everything in the newest checkpoint: weights, slots, statistics, averages, counters."""
    reader = tf.train.load_checkpoint(str(run / "checkpoints"))
    types = reader.get_variable_to_dtype_map()
    return {name: reader.get_tensor(name) for name in types if types[name] != tf.string}


def assert_equal_runs(run, alone):
    found, expected = tensors(run), tensors(alone)
    assert found.keys() == expected.keys()
    assert int(found["steps_done/.ATTRIBUTES/VARIABLE_VALUE"]) == replicated_run.STEPS
    # It was saved more often where it was stopped between.
    del expected["save_counter/.ATTRIBUTES/VARIABLE_VALUE"]
    for name, value in expected.items():
        difference = np.abs(found[name].astype(np.float64) - value).max(initial=0)
        assert difference <= 1e-4 * np.abs(value).max(initial=0), name
    epochs, alone_epochs = ([r for r in history(path) if "miou" in r] for path in (run, alone))
    assert [r["step"] for r in epochs] == [r["step"] for r in alone_epochs]
    for one, other in zip(epochs, alone_epochs, strict=True):
        assert one["miou"] == pytest.approx(other["miou"], abs=1e-3)


def history(run):
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


def kill_one(kind, shards, run):
    """The second worker is killed; the first says so in time and in one sentence."""
    first, second = start_workers(kind, shards, run, (signal.SIGKILL.value, 6))
    second.communicate()
    began = time.monotonic()
    (told,) = end(first, code=1)
    assert second.returncode == -signal.SIGKILL
    assert time.monotonic() - began < _SECONDS_TO_NOTICE
    assert "Traceback" not in told
    sentence = told[told.index("Expected all 2 workers to go on") :]
    assert "start all of them again with the same command" in sentence


def stop_one(kind, shards, run):
    """The second worker is asked to stop; both save after the same step."""
    told = end(*start_workers(kind, shards, run, (signal.SIGTERM.value, 6)), code=143)
    for text in told:
        assert "Saved: the same command goes on from here." in text
    assert "Another worker was told to stop" in told[0]
    assert int(tensors(run)["steps_done/.ATTRIBUTES/VARIABLE_VALUE"]) == 6


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "strike"), [("search", kill_one), ("train", stop_one)])
def test_ten_steps_are_those_of_one_replica(kind, strike, shards, tmp_path):
    alone = tmp_path / "alone"
    end(start(kind, shards, alone, "cpu", 0))
    norms = [r["weight_gradient_norm"] for r in history(alone) if "weight_gradient_norm" in r]
    assert len(norms) == (replicated_run.STEPS if kind == "search" else 0)
    assert all(norm > replicated_run.CLIP_GRADIENT_NORM for norm in norms)
    for replicas in (2, 4):
        run = tmp_path / str(replicas)
        end(start(kind, shards, run, "mirrored", replicas))
        assert_equal_runs(run, alone)
    run = tmp_path / "workers"
    strike(kind, shards, run)
    end(*start_workers(kind, shards, run))
    assert_equal_runs(run, alone)
    assert not list(run.glob("**/*.partial"))
