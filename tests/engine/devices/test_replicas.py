"""Replicas and workers, also those that were struck, come to what one replica comes to."""

import functools
import json
import os
import signal
import socket

import numpy as np
import pytest

from tests.engine.devices import replicated_runs
from tests.faults import planted, runs

# Longer than any of these runs takes on a busy machine: one that takes longer has hung.
_SECONDS_UNTIL_HUNG = 1800
_STRUCK_STEP = 6
CONFIGS = {
    "search": replicated_runs.search_config,
    "search with all options": replicated_runs.options_config,
    "training": replicated_runs.train_config,
}


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return replicated_runs.make_shards(tmp_path_factory.mktemp("unequal"))


def begin(kind, shards, run, log, *faults, strategy="multi_worker", logical_cpus=0):
    """Starts a run in a process of its own, which says what it says in `log`."""
    # Two replicas in one process take several steps in one call.
    steps = 5 if logical_cpus == 2 else 1
    config = CONFIGS[kind](
        *(shards, run),
        **{"strategy": strategy, "logical_cpus": logical_cpus},
        **{"steps_per_loop": steps, "log_steps": steps},
    )
    return runs.begin(config, log, replicated_runs.smooth_kinks, *faults)


def begin_workers(kind, shards, run, action=None):
    """Starts two workers; the second does `action` after its sixth step, before what follows."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
    addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    workers = []
    for index in range(2):
        faults = [functools.partial(set_cluster, addresses, index)]
        if index and action:
            faults.append(functools.partial(planted.strike, "step", _STRUCK_STEP, action))
        workers.append(begin(kind, shards, run, f"{run}.{index}.log", *faults))
    return workers


def set_cluster(addresses, index):
    task = {"type": "worker", "index": index}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})


def end(*processes):
    """Waits for processes; returns their exit codes, that of a kill where one has hung."""
    for process in processes:
        process.join(_SECONDS_UNTIL_HUNG)
        if process.exitcode is None:
            process.kill()
            process.join()
    return [process.exitcode for process in processes]


def said(run, index):
    """What a worker wrote to stderr."""
    with open(f"{run}.{index}.log", encoding="utf-8") as file:
        return file.read()


def steps_done(run):
    return int(runs.tensors(run / "checkpoints")["steps_done/.ATTRIBUTES/VARIABLE_VALUE"])


def assert_equal_runs(run, alone):
    found, expected = (runs.tensors(path / "checkpoints") for path in (run, alone))
    assert found.keys() == expected.keys()
    assert steps_done(run) == replicated_runs.STEPS
    for name, value in expected.items():
        difference = np.abs(found[name].astype(np.float64) - value).max(initial=0)
        assert difference <= 1e-4 * np.abs(value).max(initial=0), name
    evaluations, others = ([r for r in runs.history(path) if "miou" in r] for path in (run, alone))
    assert [r["step"] for r in evaluations] == [r["step"] for r in others]
    for one, other in zip(evaluations, others, strict=True):
        assert one["miou"] == pytest.approx(other["miou"], abs=1e-3)


def kill_one(kind, shards, run):
    """The second worker is killed; the first says so in one sentence."""
    first, second = begin_workers(kind, shards, run, planted.kill)
    assert end(second) == [-signal.SIGKILL]
    assert end(first) == [1]
    told = said(run, 0)
    assert "Traceback" not in told
    sentence = told[told.index("Expected all 2 workers to go on") :]
    assert "start all of them again with the same command" in sentence


def stop_one(kind, shards, run):
    """The second worker is asked to stop; both save after the same step."""
    assert end(*begin_workers(kind, shards, run, planted.terminate)) == [143, 143]
    assert "Another worker was told to stop: saving." in said(run, 0)
    assert "SIGTERM: saving" in said(run, 1)
    assert steps_done(run) == _STRUCK_STEP


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "strike"), [("search", kill_one), ("training", stop_one)])
def test_ten_steps_are_those_of_one_replica(kind, strike, shards, tmp_path):
    alone = tmp_path / "alone"
    assert end(begin(kind, shards, alone, tmp_path / "log", strategy="cpu")) == [0]
    norms = [r["weight_gradient_norm"] for r in runs.history(alone) if "weight_gradient_norm" in r]
    assert len(norms) == (replicated_runs.STEPS if kind == "search" else 0)
    assert all(norm > replicated_runs.CLIP_GRADIENT_NORM for norm in norms)
    for replicas in (2, 4):
        run = tmp_path / str(replicas)
        where = {"strategy": "mirrored", "logical_cpus": replicas}
        assert end(begin(kind, shards, run, tmp_path / "log", **where)) == [0]
        assert_equal_runs(run, alone)
    run = tmp_path / "workers"
    strike(kind, shards, run)
    assert end(*begin_workers(kind, shards, run)) == [0, 0]
    assert_equal_runs(run, alone)
    assert not list(run.glob("**/*.partial"))


@pytest.mark.slow
def test_the_options_of_a_search_do_and_choose_what_they_do_on_one_replica(shards, tmp_path):
    kind, alone, mirrored = "search with all options", tmp_path / "alone", tmp_path / "mirrored"
    assert end(begin(kind, shards, alone, tmp_path / "log", strategy="cpu")) == [0]
    where = {"strategy": "mirrored", "logical_cpus": 2}
    assert end(begin(kind, shards, mirrored, tmp_path / "log", **where)) == [0]
    assert_equal_runs(mirrored, alone)
    found, expected = (runs.history(run)[-1] for run in (mirrored, alone))
    assert found["cell_chosen_by_loss"]
    assert found["best_paths"] == expected["best_paths"]
    assert found["path_loss"] == pytest.approx(expected["path_loss"], rel=1e-4)
    texts = [(run / "architecture.json").read_text() for run in (mirrored, alone)]
    assert texts[0] == texts[1]
