"""SGD in one kernel a variable against Keras'."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.steps.momentum_sgd import MomentumSGD


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_steps_are_those_of_keras(options):
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype(np.float32) for shape in ([3, 2], [4])]
    rates = keras.optimizers.schedules.PolynomialDecay(0.1, 5, 0.01)
    optimizers = [make(rates, **options) for make in (keras.optimizers.SGD, MomentumSGD)]
    owned = [[keras.Variable(value) for value in start] for _ in optimizers]
    for optimizer, variables in zip(optimizers, owned, strict=True):
        optimizer.build(variables)
    for _ in range(5):
        gradients = [tf.constant(rng.normal(size=value.shape), tf.float32) for value in start]
        for optimizer, variables in zip(optimizers, owned, strict=True):
            apply(optimizer, variables, gradients)
    for one, other in zip(*owned, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    for one, other in zip(*(optimizer.variables for optimizer in optimizers), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def apply(optimizer, variables, gradients):
    """Takes one step in a graph, as a run does."""
    tf.function(lambda given: optimizer.apply(given, variables), autograph=False)(gradients)
