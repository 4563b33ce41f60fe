"""Each CPU, GPU and TPU has ways of its own; the device that counts is the one asked for."""

import pytest
import tensorflow as tf

from deeplab_nas.core.kernels import (
    cpu_convolution,
    grouped_convolution,
    plain_convolution,
    portable_convolution,
    target,
    ways,
    winograd,
)

_KERNEL = (3, 3, 256, 256)


def ways_of(inputs, kernel, stride=1, rate=1, table=ways.FULL):
    """Those of the table that apply to a convolution, the one that is taken first."""
    shapes = tuple(inputs.shape), tuple(kernel.shape)
    convolved = ways.Convolved(*shapes, inputs.dtype, stride, rate)
    return [way.convolve for way in table if way.what(convolved) and way.where(convolved)]


def first(inputs=(2, 8, 9, 256), kernel=_KERNEL, dtype=tf.float32, **settings):
    arrays = tf.TensorSpec(inputs, dtype), tf.TensorSpec(kernel, dtype)
    return ways_of(*arrays, **settings)[0]


@pytest.fixture(params=["avx512", "avx2", "no onednn", "gpu", "tpu"])
def machine(request, monkeypatch):
    """What the graph is traced for."""
    has = {"avx512": (tf.float32, tf.bfloat16), "avx2": (tf.float32,), "no onednn": ()}
    cpu = has.get(request.param, ())
    monkeypatch.setattr(target, "_has_cpu_convolutions", lambda dtype: dtype in cpu)
    monkeypatch.setattr(target, "on_tpu", lambda: request.param == "tpu")
    monkeypatch.setattr(target, "_device_type", lambda: "GPU" if request.param == "gpu" else "CPU")
    return request.param


def test_the_way_of_each_machine(machine):
    def check(found, **expected):
        """Those not named, and not in float32, go TensorFlow's own way."""
        expected = {"default": plain_convolution.conv2d, **expected}
        assert found is expected.get(machine.replace(" ", "_"), expected["default"])

    cpus = ("avx512", "avx2", "no_onednn")
    in_float32 = dict.fromkeys(("avx2", "no_onednn"), portable_convolution.in_float32)
    wide = dict.fromkeys(cpus, winograd.conv2d)
    check(first(), default=plain_convolution.in_parts, **wide)
    check(first(dtype=tf.bfloat16), default=plain_convolution.in_parts, **in_float32)
    for images, own in ((1, cpu_convolution.conv2d), (2, cpu_convolution.with_kernel_gradient)):
        found = first((images, 8, 9, 16), (3, 3, 16, 16))
        check(found, **dict.fromkeys(("avx2", "no_onednn"), own))
    check(first((2, 8, 9, 16), (1, 1, 16, 16)))
    check(first((2, 8, 9, 16), (1, 1, 16, 16), stride=2), default=plain_convolution.strided)
    check(
        first((2, 8, 9, 16), (3, 3, 4, 16)),
        tpu=grouped_convolution.in_dense_parts,
        no_onednn=portable_convolution.group_by_group,
    )
    check(
        first((2, 8, 9, 20), (3, 3, 20, 16), tf.bfloat16, rate=2),
        avx512=portable_convolution.in_whole_vectors,
        **in_float32,
    )
    check(
        first((2, 8, 9, 4), (3, 3, 4, 1), tf.bfloat16, table=ways.DEPTHWISE),
        default=portable_convolution.with_float32_gradient,
        tpu=plain_convolution.depthwise,
        **in_float32,
    )


@pytest.mark.parametrize("images", [1, 2])
def test_what_onednn_unfolds_stays_whole(images, monkeypatch):
    monkeypatch.setattr(target, "has_direct_convolutions", lambda: False)
    arrays = tf.TensorSpec([images, 8, 9, 256]), tf.TensorSpec(_KERNEL)
    found = ways_of(*arrays, rate=2)
    assert plain_convolution.in_parts not in found
    assert found[-1] is plain_convolution.conv2d


def test_a_graph_for_other_machines_is_for_no_cpu():
    assert target.on_this_cpu()
    with target.other_machines():
        assert not target.on_this_cpu()
        assert target.has_direct_convolutions()


@pytest.fixture
def gpu(monkeypatch):
    """As on a machine with a GPU, where TensorFlow computes unless it is told otherwise."""
    devices = {"GPU": ["GPU:0"], "CPU": ["CPU:0"]}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: devices[kind])


def traced_on_this_cpu():
    """What a function finds that is traced here."""
    found = []

    def look():
        found.append(target.on_this_cpu())
        return tf.zeros([])

    tf.function(look, autograph=False).get_concrete_function()
    return found[0]


def test_beside_a_gpu_the_strategy_says_where_a_graph_runs(gpu):
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with strategy.scope():
        assert target.on_this_cpu()
        assert traced_on_this_cpu()
    found = []
    strategy.run(lambda: found.append(traced_on_this_cpu()))
    assert found == [True]
    with tf.distribute.OneDeviceStrategy("/gpu:0").scope():
        assert not target.on_this_cpu()
        assert not traced_on_this_cpu()


def test_beside_a_gpu_the_device_says_where_a_graph_runs(gpu):
    # Within the scope of all these tests.
    assert target.on_this_cpu()
    assert traced_on_this_cpu()
    # No function, which could ask where it is called from.
    with tf.Graph().as_default():
        assert not target.on_this_cpu()
        with tf.device("/cpu:0"):
            assert target.on_this_cpu()
        with tf.device("/gpu:0"):
            assert not target.on_this_cpu()


def test_without_a_gpu_a_graph_runs_on_this_cpu():
    with tf.Graph().as_default():
        assert target.on_this_cpu()
