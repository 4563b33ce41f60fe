"""Convolutions come out the same, and can be trained, where TensorFlow lacks oneDNN."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import portable_convolution

_CASES = [(4, 2), (2, 1), (2, 2)]
_COMPUTE = """
import sys
import deeplab_nas
import numpy as np
import tensorflow as tf
from deeplab_nas.core import portable_convolution, target
from tests.core import test_portable_convolution as tests

assert not target.has_convolutions(tf.float32)
found = [tests.outputs_and_gradients(*case, portable_convolution.conv2d) for case in tests._CASES]
np.savez(sys.argv[1], *[array for arrays in found for array in arrays])
"""


def outputs_and_gradients(in_channels, rate, convolve, dtype=tf.float32):
    """Of images of odd and even sides."""
    images = tf.cast(tf.random.stateless_normal([2, 9, 8, 4], [0, 1]), dtype)
    kernel = tf.cast(tf.random.stateless_normal([3, 3, in_channels, 4], [0, 2]), dtype)
    with tf.GradientTape() as tape:
        tape.watch([images, kernel])
        outputs = convolve(images, kernel, 1, "SAME", dilations=rate)
    found = [outputs, *tape.gradient(outputs, [images, kernel], outputs)]
    return [tf.cast(array, tf.float32).numpy() for array in found]


@pytest.mark.slow
def test_without_onednn(tmp_path):
    path = tmp_path / "arrays.npz"
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"}
    subprocess.run([sys.executable, "-c", _COMPUTE, str(path)], env=environment, check=True)
    with np.load(path, allow_pickle=False) as arrays:
        found = [arrays[name] for name in arrays.files]
    expected = [array for case in _CASES for array in outputs_and_gradients(*case, tf.nn.conv2d)]
    for there, here in zip(found, expected, strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("in_channels", "rate"), _CASES)
@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_in_half_precision(in_channels, rate, dtype):
    found = outputs_and_gradients(in_channels, rate, portable_convolution.conv2d, dtype)
    expected = outputs_and_gradients(in_channels, rate, tf.nn.conv2d)
    for low, exact in zip(found, expected, strict=True):
        np.testing.assert_allclose(low, exact, rtol=3e-2, atol=3e-2 * np.max(np.abs(exact)))
