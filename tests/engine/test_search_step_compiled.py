"""Both steps of the search compiled whole by XLA, as a TPU needs them: the same numbers."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.search_config import SearchConfig
from deeplab_nas.engine.search_step import SearchStep
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests.engine import test_search_step

CONFIG = dataclasses.replace(
    SearchConfig(train_logdir=""),
    supernet=SupernetConfig(num_layers=2, num_blocks=1, filter_multiplier=2),
)


def made_step(operation_set, recompute):
    keras.utils.set_random_seed(3)
    settings = dataclasses.replace(CONFIG.supernet, operation_set=operation_set)
    supernet = Supernet(4, settings)
    supernet.build()
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    config = dataclasses.replace(CONFIG, recompute=recompute)
    return SearchStep(strategy, supernet, config, test_search_step.IGNORE, 10), supernet


@pytest.mark.parametrize(
    ("operation_set", "recompute"), [("official", "always"), ("darts", "never")]
)
def test_the_compiled_steps_give_the_same_numbers(operation_set, recompute):
    plain, plain_supernet = made_step(operation_set, recompute)
    other, compiled_supernet = made_step(operation_set, recompute)
    for name in ("update_weights", "update_architecture"):
        batch = test_search_step.made_batch()
        compiled = tf.function(getattr(other, name), jit_compile=True, autograph=False)
        expected, found = getattr(plain, name)(*batch), compiled(*batch)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, rtol=1e-4, err_msg=key)
    for one, two in zip(plain_supernet.variables, compiled_supernet.variables, strict=True):
        scale = max(np.abs(one.numpy()).max(), 1e-3)
        assert np.abs(one.numpy() - two.numpy()).max() < 1e-4 * scale, one.path
