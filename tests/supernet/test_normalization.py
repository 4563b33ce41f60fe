"""Batch normalisation with its statistics in two vectors."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.supernet import normalization


def made_statistics(channels, decay=0.9):
    statistics = normalization.MovingStatistics(channels, decay)
    statistics.build()
    return statistics


def test_normalises_by_the_batch_and_scales():
    inputs = np.random.default_rng(0).normal(3.0, 2.0, size=[2, 4, 5, 3]).astype(np.float32)
    scale = np.array([0.5, 0.0, 2.0], np.float32)
    statistics = made_statistics(6)
    run = statistics.pass_through(training=True)
    plain = run.normalize(tf.constant(inputs)).numpy()
    scaled = run.normalize(tf.constant(inputs), tf.constant(scale)).numpy()
    statistics.update(run.finish())
    mean = inputs.mean((0, 1, 2))
    expected = (inputs - mean) / np.sqrt(inputs.var((0, 1, 2)) + normalization.EPSILON)
    np.testing.assert_allclose(plain, expected, atol=1e-5)
    np.testing.assert_allclose(scaled, expected * scale, atol=1e-5)
    unbiased = inputs.var((0, 1, 2), ddof=1)
    np.testing.assert_allclose(statistics.mean, 0.1 * np.tile(mean, 2), rtol=1e-4)
    np.testing.assert_allclose(statistics.variance, 0.9 + 0.1 * np.tile(unbiased, 2), rtol=1e-4)


def test_evaluation_reads_the_moving_statistics_in_order():
    statistics = made_statistics(5)
    statistics.mean.assign([1.0, 2.0, 3.0, 4.0, 5.0])
    statistics.variance.assign([1.0, 4.0, 9.0, 16.0, 25.0])
    run = statistics.pass_through(training=False)
    first = run.normalize(tf.ones([1, 1, 1, 2]))
    second = run.normalize(tf.ones([1, 1, 1, 3]))
    statistics.update(run.finish())
    actual = np.concatenate([first[0, 0, 0], second[0, 0, 0]])
    deviation = np.sqrt(np.array([1, 4, 9, 16, 25]) + normalization.EPSILON)
    np.testing.assert_allclose(actual, (1 - np.arange(1, 6)) / deviation, rtol=1e-5)
    np.testing.assert_array_equal(statistics.mean, [1, 2, 3, 4, 5])


def test_a_forgotten_normalisation_is_noticed():
    run = made_statistics(4).pass_through(training=True)
    run.normalize(tf.ones([1, 2, 2, 3]))
    with pytest.raises(ValueError, match="Expected 4 normalised channels, got 3"):
        run.finish()


_TWO_REPLICAS = """
import json, sys
import numpy as np
import tensorflow as tf
from deeplab_nas.supernet import normalization

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
inputs = np.random.default_rng(0).normal(1.0, 2.0, size=[4, 3, 3, 2]).astype(np.float32)
scale = tf.constant([0.5, 2.0])
with strategy.scope():
    statistics = normalization.MovingStatistics(2, 0.9)
    statistics.build()

def step(inputs):
    run = statistics.pass_through(training=True)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = run.normalize(inputs, scale)
        loss = tf.reduce_sum(outputs**3)
    statistics.update(run.finish())
    return outputs, tape.gradient(loss, inputs)

dataset = tf.data.Dataset.from_tensor_slices(inputs).batch(4)
batch = next(iter(strategy.experimental_distribute_dataset(dataset)))
outputs, gradients = tf.function(lambda batch: strategy.run(step, args=(batch,)))(batch)
parts = [strategy.experimental_local_results(each) for each in (outputs, gradients)]
parts += [[statistics.mean.numpy()], [statistics.variance.numpy()]]
print(json.dumps([np.concatenate([np.asarray(p) for p in each]).tolist() for each in parts]))
"""


def test_two_replicas_equal_one():
    printed = subprocess.run(
        [sys.executable, "-c", _TWO_REPLICAS], capture_output=True, text=True, check=True
    ).stdout
    replicas = [np.array(values) for values in json.loads(printed.splitlines()[-1])]
    inputs = np.random.default_rng(0).normal(1.0, 2.0, size=[4, 3, 3, 2]).astype(np.float32)
    inputs = tf.constant(inputs)
    statistics = made_statistics(2)
    run = statistics.pass_through(training=True)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = run.normalize(inputs, tf.constant([0.5, 2.0]))
        loss = tf.reduce_sum(outputs**3)
    statistics.update(run.finish())
    alone = (outputs, tape.gradient(loss, inputs), statistics.mean, statistics.variance)
    for two, one in zip(replicas, alone, strict=True):
        np.testing.assert_allclose(two.reshape(one.shape), one, rtol=1e-4, atol=1e-4)
