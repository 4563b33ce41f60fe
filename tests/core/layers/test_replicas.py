"""Two replicas normalise like one, and draw different random numbers."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.layers import batch_norm, drop_path
from tests import places
from tests.core.layers import two_replicas


@pytest.fixture(scope="module")
def replicas():
    result = subprocess.run(
        [sys.executable, "-m", "tests.core.layers.two_replicas"],
        cwd=places.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_synchronized_batch_norm_is_that_of_the_global_batch(replicas):
    images = tf.random.stateless_normal([4, 3, 5, 6], [0, 1]) * 2.0 + 1.0
    norm = batch_norm.BatchNorm(decay=0.9)
    norm.build((None, None, None, 6))
    norm.gamma.assign(two_replicas.GAMMA)
    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = norm(images, training=True)
        loss = tf.reduce_sum(outputs**3)
    np.testing.assert_allclose(replicas["outputs"], outputs, rtol=1e-4, atol=1e-5)
    wanted = tape.gradient(loss, [images, norm.gamma.value, norm.beta.value])
    for name, gradient in zip(
        ["gradients", "gamma_gradient", "beta_gradient"], wanted, strict=True
    ):
        np.testing.assert_allclose(replicas[name], gradient, rtol=1e-3, atol=1e-4, err_msg=name)
    np.testing.assert_allclose(replicas["moving_mean"], norm.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(replicas["moving_variance"], norm.moving_variance, rtol=1e-5)


def test_replicas_drop_different_paths_at_the_same_step(replicas):
    first, second = replicas["factors"]
    assert set(first) == set(second) == {0.0, 2.0}
    assert first != second
    assert replicas["step"] == 6


def test_replicas_together_drop_the_paths_that_one_drops(replicas):
    alone = drop_path.DropPath(0.5, 1, num_cells=1, num_branches=50)
    alone.build()
    alone.step.assign(5)
    factors = alone.draw(2).numpy().reshape(50, 2)
    np.testing.assert_array_equal(np.transpose(replicas["factors"]), factors)
