"""Convolutions come out the same, and can be trained, where TensorFlow lacks oneDNN."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.kernels import convolution

_CASES = [(4, 2), (2, 1), (2, 2)]
_COMPUTE = """
import sys
import deeplab_nas
import numpy as np
import tensorflow as tf
from deeplab_nas.core.kernels import convolution, target
from tests.core.kernels import test_portable_convolution as tests

assert not target.has_convolutions(tf.float32)
found = [tests.outputs_and_gradients(*case, convolution.conv2d) for case in tests._CASES]
np.savez(sys.argv[1], *[array for arrays in found for array in arrays])
"""
# glibc fills what is freed with NaN, and keeps it for what is allocated next.
_SPOILT_MEMORY = ":".join(
    f"glibc.malloc.{name}={number}"
    for name, number in {
        "perturb": 255,
        "mmap_threshold": 2**30,
        "trim_threshold": 2**32,
        "top_pad": 2**30,
    }.items()
)
_COMPUTE_IN_SPOILT_MEMORY = """
import sys
import deeplab_nas
import numpy as np
import tensorflow as tf
from tests.core.kernels import test_portable_convolution as tests

for exponent in 6 * list(range(12, 24)):
    np.zeros(2**exponent, np.float32)
np.savez(sys.argv[1], *tests.outputs_and_gradients(*tests._TAIL, dtype=tf.bfloat16))
"""
# With input channels that do not fill vectors of 16.
_TAIL = (20, 2, convolution.conv2d, (81, 41, 20))


def plain_conv2d(images, kernel, rate):
    return tf.nn.conv2d(images, kernel, 1, "SAME", dilations=rate)


def outputs_and_gradients(in_channels, rate, convolve, image_shape=(9, 8, 4), dtype=tf.float32):
    """Of images of odd and even sides."""
    images = tf.cast(tf.random.stateless_normal([2, *image_shape], [0, 1]), dtype)
    kernel = tf.cast(tf.random.stateless_normal([3, 3, in_channels, 4], [0, 2]), dtype)
    with tf.GradientTape() as tape:
        tape.watch([images, kernel])
        outputs = convolve(images, kernel, rate=rate)
    found = [outputs, *tape.gradient(outputs, [images, kernel], outputs)]
    return [tf.cast(array, tf.float32).numpy() for array in found]


def _run(program, path, environment):
    """The arrays that a program saves at `path`, run with more in its environment."""
    environment = {**os.environ, **environment}
    subprocess.run([sys.executable, "-c", program, str(path)], env=environment, check=True)
    with np.load(path, allow_pickle=False) as arrays:
        return [arrays[name] for name in arrays.files]


@pytest.mark.slow
def test_without_onednn(tmp_path):
    found = _run(_COMPUTE, tmp_path / "arrays.npz", {"TF_ENABLE_ONEDNN_OPTS": "0"})
    expected = [array for case in _CASES for array in outputs_and_gradients(*case, plain_conv2d)]
    for there, here in zip(found, expected, strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("in_channels", "rate"), _CASES)
@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_in_half_precision(in_channels, rate, dtype):
    found = outputs_and_gradients(in_channels, rate, convolution.conv2d, dtype=dtype)
    expected = outputs_and_gradients(in_channels, rate, plain_conv2d)
    for low, exact in zip(found, expected, strict=True):
        np.testing.assert_allclose(low, exact, rtol=3e-2, atol=3e-2 * np.max(np.abs(exact)))


@pytest.mark.slow
def test_atrous_gradients_in_bfloat16_read_only_what_was_written(tmp_path):
    tunables = {"GLIBC_TUNABLES": _SPOILT_MEMORY}
    found = _run(_COMPUTE_IN_SPOILT_MEMORY, tmp_path / "arrays.npz", tunables)
    expected = outputs_and_gradients(*_TAIL)
    for low, exact in zip(found, expected, strict=True):
        np.testing.assert_allclose(low, exact, rtol=3e-2, atol=3e-2 * np.max(np.abs(exact)))
