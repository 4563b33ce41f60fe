"""Auto-DeepLab for TensorFlow 2 and Keras 3: search a segmentation network on your images."""

import importlib
import importlib.machinery
import os
import sys

__version__ = "0.1.0"

# TensorFlow reads this once, when it is loaded. By default it uses oneDNN only on CPUs with
# AVX512-VNNI, and without oneDNN it has no gradient of atrous and of grouped convolutions on CPU.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


class _ExportedNetwork:
    """What Keras finds under the name of the class of an exported network, until that is imported.

    Keras imports no module that a file names, and to import the class here would take TensorFlow's
    seconds from whoever loads no `.keras`.
    """

    @staticmethod
    def from_config(config):
        """Makes the network; importing its class registers that and those of its layers."""
        segmenter = importlib.import_module("deeplab_nas.core.segmenter")
        return segmenter.Segmenter.from_config(config)


class _WhenKerasIsImported:
    """Finds Keras as Python does, and registers `_ExportedNetwork` once it is there."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Returns the spec of the module `keras` and None for all others."""
        if name != "keras":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module):
                execute(module)
                _register(module)

            spec.loader.exec_module = execute_and_register
        return spec


def _register(keras):
    keras.saving.get_custom_objects().setdefault("deeplab_nas>Segmenter", _ExportedNetwork)


if "keras" in sys.modules:
    _register(sys.modules["keras"])
else:
    sys.meta_path.insert(0, _WhenKerasIsImported)
