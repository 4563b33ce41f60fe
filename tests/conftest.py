"""Fixtures that several packages of tests share."""

import gc
import random
import signal

import hypothesis
import numpy as np
import pytest
from tensorflow.python.framework import config as tf_config

from deeplab_nas.engine import train_loop
from tests import trained_runs

hypothesis.settings.register_profile(
    "same_examples_each_time", derandomize=True, database=None, deadline=None
)
hypothesis.settings.load_profile("same_examples_each_time")


def pytest_configure():
    """Lets tests send SIGINT, which shells have what runs in their background ignore."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Seeds what a test draws by itself; comes before any fixture.

    Keras draws the seeds of initial weights from `random`. TensorFlow's own seed is left alone: to
    set it drops every kernel that is ready.
    """
    random.seed(0)
    np.random.seed(0)


@pytest.fixture(autouse=True)
def determinism_of_one_test():
    """What `deterministic` turns on for a whole process is off again when its test has ended."""
    yield
    tf_config.disable_op_determinism()


@pytest.fixture(autouse=True, scope="module")
def graphs_that_stay():
    """TensorFlow never forgets a graph with a custom gradient; Python need not look at it again."""
    yield
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items):
    """Begins the longest tests first, each in a process of its own where there are two."""
    longest = [item for item in items if item.path.parent.name == "faults"]
    others = [item for item in items if item not in longest]
    # Processes begin with a run of tests each, and take over from one another at the end.
    middle = len(others) // 2
    # What a file's tests share is made once where one process has them all.
    while 0 < middle < len(others) and others[middle].path == others[middle - 1].path:
        middle += 1
    items[:] = [*longest[:1], *others[:middle], *longest[1:], *others[middle:]]


@pytest.fixture(scope="session")
def shards(tmp_path_factory):
    """Folder of the shards of `trained_runs`."""
    return trained_runs.make_shards(tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="session")
def finished_training(shards, tmp_path_factory):
    """A training from start to end: its configuration and the records it returned."""
    config = trained_runs.make_config(shards, tmp_path_factory.mktemp("trained") / "run")
    return config, train_loop.run(config)
