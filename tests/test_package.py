"""What importing the package does to a process."""

import os
import subprocess
import sys

import pytest

from deeplab_nas.core import nas_genotypes, network_config, segmenter

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


def run(source, *arguments, **environment):
    inherited = {key: text for key, text in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"}
    return subprocess.run(
        [sys.executable, "-c", source, *arguments],
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


_LOAD = """
import sys
{imports}
assert "deeplab_nas.core" not in sys.modules
loaded = keras.models.load_model(sys.argv[1])
print(type(loaded).__module__, loaded.name)
"""


@pytest.mark.parametrize(
    "imports",
    [
        "import deeplab_nas; assert 'tensorflow' not in sys.modules; import keras",
        pytest.param("import keras, deeplab_nas", marks=pytest.mark.slow),
        pytest.param(
            "import deeplab_nas, tensorflow; keras = tensorflow.keras", marks=pytest.mark.slow
        ),
    ],
)
def test_an_exported_network_loads_wherever_the_package_is_imported(imports, tmp_path):
    path = str(tmp_path / "model.keras")
    found = nas_genotypes.Architecture(cell=(((0, "separable_3x3_1"), (1, "skip")),), path=(0, 1))
    config = network_config.NetworkConfig(filter_multiplier=2)
    segmenter.build(found, config, 3, name="small").save(path)
    assert run(_LOAD.format(imports=imports), path) == "deeplab_nas.core.segmenter small\n"
