"""Strategies on a machine without accelerators; replicas in processes of their own."""

import json
import socket
import subprocess
import sys

import pytest
import tensorflow as tf

from deeplab_nas.engine.devices import cluster, strategies
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


@pytest.mark.slow
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


def test_as_many_gpus_as_there_are_are_advised(monkeypatch):
    monkeypatch.setattr(strategies, "_gpus", lambda: ["one", "another"])
    with refusals.refused("needs 4 GPUs", "finds 2: take --num_gpus=2"):
        strategies.build("mirrored", num_gpus=4)


@pytest.mark.slow
@pytest.mark.parametrize("tpu", ["", "local", "no-such-tpu", "grpc://localhost:1"])
def test_without_a_tpu_the_program_ends_in_one_sentence(tpu, tmp_path):
    command = [sys.executable, "-m", "deeplab_nas.search", "--strategy=tpu", f"--tpu={tpu}"]
    command.append(f"--train_logdir={tmp_path}/run")
    words = ("--strategy=tpu expects a TPU at --tpu", f"found none at '{tpu}' (")
    refusals.assert_program_refused(_run(command), *words)
    assert not (tmp_path / "run").exists()


_WORKERS = {"worker": ["a:1", "b:2"]}
_FIRST = {"type": "worker", "index": 0}


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (None, "JSON in {}, but it does not parse (Expecting value"),
        ("worker 0", "JSON in {}, but it does not parse (Expecting value"),
        ('{"cluster": NaN}', "JSON in {}, but it does not parse (NaN"),
        ('{"cluster": {}, "cluster": {}}', "does not parse (the key 'cluster' twice"),
        ("[]", "an object with the key 'cluster' in {}, found []"),
        ({"cluster": _WORKERS}, "an object with the key 'task' in {}, found {{'cluster': "),
        (
            {"cluster": {"worker": "a:1"}, "task": {}},
            "cluster.worker to be an array in {}, found 'a:1'",
        ),
        ({"cluster": {"worker": [1]}, "task": {}}, "cluster.worker[0] to be a string of one line"),
        (
            {"cluster": _WORKERS, "task": {"type": "worker", "index": True}},
            "task.index to be an integer in 0..1 in {}, found True",
        ),
        (
            {"cluster": _WORKERS, "task": {"type": "worker", "index": 2}},
            "task.index to be an integer in 0..1 in {}, found 2",
        ),
        (
            {"cluster": _WORKERS, "task": {"type": "chief", "index": 0}},
            "cluster to be an object with addresses of 'chief' in {}, found {{'worker': ",
        ),
        (
            {"cluster": _WORKERS, "task": {"type": "ps", "index": 0}},
            "task.type to be 'chief' or 'worker' in {}, found 'ps'",
        ),
        (
            {"cluster": {**_WORKERS, "master": ["c:1"]}, "task": {"type": "worker", "index": 0}},
            "cluster to be an object of 'chief', 'worker' and no other key in {}",
        ),
        (
            {"cluster": {**_WORKERS, "chief": ["c:1", "d:1"]}, "task": _FIRST},
            "cluster.chief to be an array of one address in {}, found ['c:1', 'd:1']",
        ),
        (
            {"cluster": {"worker": ["a:1", "b:1", "A:1"]}, "task": _FIRST},
            "cluster.worker[2] to be an address that no other worker has in {}, found 'A:1'",
        ),
        (
            {"cluster": {"chief": ["a:1"], "worker": ["a:1"]}, "task": _FIRST},
            "cluster.worker[0] to be an address that no other worker has in {}, found 'a:1'",
        ),
        (
            {"cluster": _WORKERS, "task": _FIRST, "rpc_layer": "grpc+verbs"},
            "rpc_layer to be 'grpc' in {}, found 'grpc+verbs'",
        ),
        *(
            (
                {"cluster": {"worker": [address]}, "task": _FIRST},
                "cluster.worker[0] to be HOST:PORT with a port in 1..65535 in {}, found "
                f"{address!r}",
            )
            for address in (
                *(
                    "host",
                    "",
                    ":",
                    ":2222",
                    "host:",
                    "host:0",
                    "host:65536",
                    "host:99999",
                    "host:x",
                ),
                *("host:-1", "host:1.5", "host:1_0", "host:\N{ARABIC-INDIC DIGIT ONE}", " host:1"),
                *(
                    "host:1 ",
                    "a b:1",
                    "grpc://host:1",
                    "host:1/",
                    "user@host:1",
                    "::1:2222",
                    "[::1]",
                ),
                *("[::1]2222", "[host]:1", "a,b:1", "a:1,b:1"),
            )
        ),
    ],
)
def test_multi_worker_needs_its_cluster(monkeypatch, config, found):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config is not None:
        text = config if isinstance(config, str) else json.dumps(config)
        monkeypatch.setenv("TF_CONFIG", text)
    advice = r": set it on every worker of --strategy=multi_worker to the .*, such as \{.*\}\.$"
    with pytest.raises(UserError, match=advice) as error:
        strategies.build("multi_worker")
    assert found.format("the environment variable TF_CONFIG") in str(error.value)


@pytest.mark.parametrize(
    ("task", "own"), [({"type": "chief", "index": 0}, 0), ({"type": "worker", "index": 1}, 2)]
)
def test_the_workers_of_a_cluster_come_after_its_chief(task, own):
    jobs = {"ps": ["d:1"], "worker": ["B-1.c_d:65535", "[::1]:1"], "chief": ["10.0.0.1:1"]}
    found = cluster.check(json.dumps({"cluster": jobs, "task": task, "environment": "cloud"}))
    assert found.own == own
    assert [str(one) for one in found.tasks] == [
        "chief 0 at 10.0.0.1:1",
        "worker 0 at B-1.c_d:65535",
        "worker 1 at [::1]:1",
    ]


def test_a_port_that_is_taken_is_told(monkeypatch):
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        workers = {"worker": [f"localhost:{port}"]}
        monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": workers, "task": _FIRST}))
        with refusals.refused(f"Expected port {port} of this machine to be free for worker 0"):
            strategies.build("multi_worker")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("grpc://localhost:", "localhost: is no HOST:PORT"),
        ("grpc://localhost:99999", "a port in 1..65535"),
        ("grpc://localhost:x", "localhost:x is no HOST:PORT"),
        ("grpc://a..b:1", "a..b"),
        ("grpc://localhost:1", "refused"),
    ],
)
def test_an_address_without_a_tpu_is_told(address, reason):
    with refusals.refused(f"found none at '{address}' (", reason):
        strategies.build("tpu", tpu=address)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError, match="one of cpu, gpu, mirrored, multi_worker, tpu"):
        strategies.build("abacus")


def test_on_one_cpu_a_dataset_is_shared_with_nobody():
    strategy = strategies.build("cpu")
    asked = []

    def dataset(context):
        asked.append((context.num_input_pipelines, context.num_replicas_in_sync))
        return tf.data.Dataset.range(3)

    found = strategies.distributed(strategy, dataset)
    # A plain dataset: what distributes one fetches by iterators that may hold up the end of a run.
    assert isinstance(found, tf.data.Dataset)
    assert asked == [(1, 1)]
    assert [int(number) for number in found] == [0, 1, 2]
