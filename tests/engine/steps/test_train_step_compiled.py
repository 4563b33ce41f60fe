"""A training step and an evaluation step compiled whole by XLA: nothing that a TPU lacks."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.kernels import target
from deeplab_nas.data import datasets
from deeplab_nas.data.split import Split
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.scoring.split_evaluator import SplitEvaluator
from deeplab_nas.engine.steps.train_step import TrainStep
from tests.core import made_architectures, made_networks
from tests.engine.devices import tpu_faults

CONFIG = OptimizationConfig(
    training_number_of_steps=10,
    top_k_percent_pixels=0.5,
    hard_example_mining_step=5,
    label_weights=(1.0, 2.0, 0.5),
)


def made_batch():
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, [2, 33, 33]).astype(np.int32)
    labels[0, :9] = 255
    return tf.constant(random.uniform(0, 255, [2, 33, 33, 3]).astype(np.float32)), labels


def made_step(config=CONFIG, xla=False, path=made_architectures.MIXED.path, **options):
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    settings = {"dropout_keep_prob": 1.0, "training_number_of_steps": 10, **options}
    model = made_networks.build(
        dataclasses.replace(made_architectures.MIXED, path=path), 2, 3, **settings
    )
    return TrainStep(strategy, model, config, 255, xla=xla)


@pytest.fixture
def as_on_a_tpu(monkeypatch):
    monkeypatch.setattr(target, "on_tpu", lambda: True)


def assert_no_faults(function, *arguments):
    compiled = tf.function(function, jit_compile=True, autograph=False)
    faults, (operations, instructions) = tpu_faults.of(compiled, *arguments)
    assert not faults, "\n".join(faults)
    assert min(operations, instructions) > 100


@pytest.mark.slow
def test_a_tpu_lacks_nothing_of_a_training_step(as_on_a_tpu):
    config = dataclasses.replace(CONFIG, gradient_accumulation_steps=2)
    step = made_step(config, drop_path_keep_prob=0.5, dropout_keep_prob=0.9)
    assert_no_faults(step.update, *made_batch())


@pytest.mark.slow
def test_a_tpu_lacks_nothing_of_an_evaluation_step(as_on_a_tpu):
    model = made_networks.build(made_architectures.MIXED, 2, 4)
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    evaluator = SplitEvaluator(strategy, model, Split(None, datasets.describe("shapes", "")))
    assert_no_faults(evaluator._count_step, *made_batch())


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda x: tf.where(x > 0), "a shape that is not static"),
        (lambda x: tf.cast(x, tf.float64) * 2, "a type that a TPU is slow with"),
        (lambda x: tf.strings.as_string(x), "no kernel of XLA's"),
        (lambda x: tf.numpy_function(np.sort, [x], tf.float32), "no kernel of XLA's"),
        (lambda x: tf.nn.conv2d(x, tf.ones([3, 3, 2, 4]), 1, "SAME"), "2 groups of 2 channels"),
        (
            lambda x: tf.nn.conv2d(x, tf.ones([3, 3, 4, 4]), 2, "SAME", dilations=2),
            "a convolution with strides and dilation",
        ),
    ],
)
def test_what_a_tpu_lacks_is_found(make, fault):
    function = tf.function(make, jit_compile=True)
    faults, _ = tpu_faults.of(function, tf.ones([1, 5, 5, 4]))
    assert any(fault in one for one in faults), faults


@pytest.mark.slow
def test_xla_gives_the_same_numbers():
    told = []
    for xla in (False, True):
        keras.utils.set_random_seed(1)
        told.append(made_step(xla=xla, path=(0,)).update(*made_batch()))
    for name, value in told[0].items():
        np.testing.assert_allclose(told[1][name], value, rtol=1e-3, err_msg=name)
