"""These tests are of kernels for CPUs, whatever else a machine has."""

import pytest
import tensorflow as tf


@pytest.fixture(autouse=True)
def on_cpu():
    with tf.device("/cpu:0"):
        yield
