"""Strategies on a machine without accelerators; replicas in processes of their own."""

import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf

from deeplab_nas.engine import strategy
from deeplab_nas.errors import UserError

_ROOT = pathlib.Path(__file__).parents[2]
_TWO_REPLICAS = """
import tensorflow as tf
from deeplab_nas.engine import strategy
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
replicated = strategy.build("mirrored")
total = replicated.reduce("SUM", replicated.run(lambda: tf.constant(1.0)), axis=None)
print(strategy.describe(replicated), float(total), strategy.is_chief(replicated))
"""

_LOCAL_TPU = """
from deeplab_nas.engine import strategy
from deeplab_nas.errors import UserError
try:
    strategy.build("tpu", tpu="local")
except UserError as error:
    print(error)
"""

needs_no_gpu = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="there is a GPU"
)


def _run(program: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, capture_output=True, text=True, check=False
    )


def test_cpu_runs_on_the_cpu():
    one = strategy.build("cpu")
    assert one.num_replicas_in_sync == 1
    with one.scope():
        assert "CPU:0" in tf.Variable(1.0).device
    assert strategy.describe(one) == "OneDeviceStrategy, 1 replica on CPU:0"
    assert strategy.is_chief(one)


@needs_no_gpu
def test_mirrored_takes_several_logical_cpus():
    result = subprocess.run(
        [sys.executable, "-c", _TWO_REPLICAS],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout == "MirroredStrategy, 2 replicas on CPU:0, CPU:1 2.0 True\n", result.stderr


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
    with pytest.raises(UserError) as error:
        strategy.build(name, **arguments)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_missing_tpu_name_is_told():
    with pytest.raises(UserError, match="--tpu .* found none at ''"):
        strategy.build("tpu")


def test_a_machine_without_tpu_is_told():
    result = _run(_LOCAL_TPU)
    assert "found none at 'local'" in result.stdout, result.stderr


@pytest.mark.parametrize("cluster", [None, "", "worker 0"])
def test_multi_worker_needs_its_cluster(monkeypatch, cluster):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if cluster is not None:
        monkeypatch.setenv("TF_CONFIG", cluster)
    with pytest.raises(UserError, match="TF_CONFIG"):
        strategy.build("multi_worker")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError, match="cpu, gpu, mirrored, multi_worker or tpu"):
        strategy.build("abacus")
