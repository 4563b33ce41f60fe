"""Fixtures that several packages of tests share."""

import pytest

from deeplab_nas.engine import train_loop
from tests import trained_runs


@pytest.fixture(scope="session")
def shards(tmp_path_factory):
    """Folder of the shards of `trained_runs`."""
    return trained_runs.make_shards(tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="session")
def finished_training(shards, tmp_path_factory):
    """A training from start to end: its configuration and the records it returned."""
    config = trained_runs.make_config(shards, tmp_path_factory.mktemp("trained") / "run")
    return config, train_loop.run(config)
