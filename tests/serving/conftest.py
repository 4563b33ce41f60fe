"""An exported network that the tests of serving share."""

import pytest
import tensorflow as tf

from deeplab_nas.serving import exporter
from deeplab_nas.serving.export_config import ExportConfig


@pytest.fixture(scope="session")
def version_folder(finished_training, tmp_path_factory):
    """Version directory of the short training, for images of up to 65536 pixels."""
    config, _ = finished_training
    folder = tmp_path_factory.mktemp("exported") / "network"
    settings = ExportConfig(config.train_logdir, str(folder), max_pixels=2**16)
    return exporter.run(settings)


@pytest.fixture(scope="session")
def served(version_folder):
    """Its signatures, by name."""
    # The signatures live as long as what was loaded.
    loaded = tf.saved_model.load(version_folder)
    yield loaded.signatures
    del loaded
