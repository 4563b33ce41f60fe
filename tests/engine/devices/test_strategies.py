"""Strategies on a machine without accelerators; replicas in processes of their own."""

import json
import subprocess
import sys

import pytest
import tensorflow as tf

from deeplab_nas.engine.devices import strategies
from deeplab_nas.errors import UserError
from tests import places, refusals

_TWO_REPLICAS = """
from deeplab_nas.engine.devices import strategies
import tensorflow as tf
replicated = strategies.build("mirrored", logical_cpus=2)
total = replicated.reduce("SUM", replicated.run(lambda: tf.constant(1.0)), axis=None)
print(strategies.describe(replicated), float(total), strategies.is_chief(replicated))
"""

needs_no_gpu = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="there is a GPU"
)


def _run(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=places.ROOT, capture_output=True, text=True, check=False)


def test_cpu_runs_on_the_cpu():
    one = strategies.build("cpu")
    assert one.num_replicas_in_sync == 1
    with one.scope():
        assert "CPU:0" in tf.Variable(1.0).device
    assert strategies.describe(one) == "OneDeviceStrategy, 1 replica on CPU:0"
    assert strategies.is_chief(one)


def test_mirrored_makes_logical_cpus():
    result = _run([sys.executable, "-c", _TWO_REPLICAS])
    assert result.stdout == "MirroredStrategy, 2 replicas on CPU:0, CPU:1 2.0 True\n", result.stderr


@pytest.mark.parametrize(
    ("name", "arguments"), [("cpu", {}), ("multi_worker", {}), ("mirrored", {"num_gpus": 2})]
)
def test_logical_cpus_belong_to_mirrored_alone(name, arguments):
    with pytest.raises(UserError, match="--logical_cpus=2 with --strategy=mirrored and without"):
        strategies.build(name, logical_cpus=2, **arguments)


@needs_no_gpu
@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("gpu", {}, ["--strategy=gpu", "1 GPU", "0"]),
        ("mirrored", {}, ["--strategy=mirrored", "1 GPU"]),
        ("mirrored", {"num_gpus": 4}, ["4 GPUs", "0"]),
    ],
)
def test_missing_gpus_are_told(name, arguments, words):
    with refusals.refused(*words):
        strategies.build(name, **arguments)


@pytest.mark.slow
@pytest.mark.parametrize("tpu", ["", "local", "no-such-tpu", "grpc://localhost:1"])
def test_without_a_tpu_the_program_ends_in_one_sentence(tpu, tmp_path):
    command = [sys.executable, "-m", "deeplab_nas.search", "--strategy=tpu", f"--tpu={tpu}"]
    command.append(f"--train_logdir={tmp_path}/run")
    words = ("--strategy=tpu expects a TPU at --tpu", f"found none at '{tpu}' (")
    refusals.assert_program_refused(_run(command), *words)
    assert not (tmp_path / "run").exists()


_WORKERS = {"worker": ["a:1", "b:2"]}


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (None, "found ''"),
        ("worker 0", "found 'worker 0'"),
        ("[]", "without 'cluster'"),
        ({"cluster": _WORKERS}, "without 'task'"),
        ({"cluster": {"worker": "a:1"}, "task": {}}, "no list of host:port under 'cluster'"),
        ({"cluster": _WORKERS, "task": {"type": "worker", "index": True}}, "without 'index'"),
        ({"cluster": _WORKERS, "task": {"type": "worker", "index": 2}}, "task 2 of 2"),
        ({"cluster": _WORKERS, "task": {"type": "chief", "index": 0}}, "task 0 of 0 of type"),
        ({"cluster": _WORKERS, "task": {"type": "ps", "index": 0}}, "a task of type 'ps'"),
    ],
)
def test_multi_worker_needs_its_cluster(monkeypatch, config, found):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config is not None:
        text = config if isinstance(config, str) else json.dumps(config)
        monkeypatch.setenv("TF_CONFIG", text)
    with refusals.refused("environment variable TF_CONFIG, such as", found):
        strategies.build("multi_worker")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError, match="one of cpu, gpu, mirrored, multi_worker, tpu"):
        strategies.build("abacus")
