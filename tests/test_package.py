"""What importing the package does to a process."""

import os
import subprocess
import sys

import pytest

# A gradient of each kind of convolution that TensorFlow has on CPU with oneDNN only.
_GRADIENTS = """
import deeplab_nas
import tensorflow as tf

for channels, rate in ((4, 2), (2, 1)):
    kernel = tf.ones([3, 3, channels, 4])
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        outputs = tf.nn.conv2d(tf.ones([1, 9, 9, 4]), kernel, 1, "SAME", dilations=rate)
    assert tape.gradient(outputs, kernel).shape == kernel.shape
"""
# Modules of the standard library that Windows lacks. What is not ours finds out by itself, or comes
# first, and each program defines its flags once more.
_IMPORT_ALL = """
import importlib, pkgutil, sys
import tensorflow, tensorflow_datasets
from absl import flags

sys.modules["fcntl"] = sys.modules["resource"] = None
found = 0
for package in map(importlib.import_module, ("deeplab_nas", "flags", "tfrecords_tools")):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for name in list(flags.FLAGS):
            delattr(flags.FLAGS, name)
        importlib.import_module(module.name)
        found += 1
print(found)
"""
_TELL = "import deeplab_nas, os; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"


def run(source, **environment):
    inherited = {key: text for key, text in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"}
    return subprocess.run(
        [sys.executable, "-c", source],
        env=inherited | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.slow
def test_convolutions_have_gradients_on_any_cpu():
    run(_GRADIENTS)


def test_what_the_user_has_set_stays():
    assert run(_TELL).strip() == "1"
    assert run(_TELL, TF_ENABLE_ONEDNN_OPTS="0").strip() == "0"


def test_every_module_is_imported_without_what_only_posix_has():
    assert int(run(_IMPORT_ALL)) > 100
