"""The average of the weights against its formula, and in the place of the weights."""

import numpy as np
import tensorflow as tf

from deeplab_nas.engine.steps.moving_average import MovingAverage
from tests import trained_runs
from tests.core import made_networks


def test_follows_the_weights_and_takes_their_place():
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    model = made_networks.build(trained_runs.ARCHITECTURE, 2, 3)
    average = MovingAverage(strategy, model, 0.9)
    variables = model.trainable_variables
    expected = [variable.numpy() for variable in variables]
    update = tf.function(average.update)
    for step in range(1, 200, 40):
        kept = min(0.9, (1 + step) / (10 + step))
        for i, variable in enumerate(variables):
            variable.assign(variable.value + 0.1)
            expected[i] = kept * expected[i] + (1 - kept) * variable.numpy()
        update(tf.constant(step))
    weights = [variable.numpy() for variable in variables]
    with average.in_place():
        for value, variable in zip(expected, variables, strict=True):
            np.testing.assert_allclose(variable.numpy(), value, rtol=1e-4, atol=1e-5)
    for value, variable in zip(weights, variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
