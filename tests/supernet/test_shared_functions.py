"""Functions that layers of one kind share: the same numbers however they are computed."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.supernet.shared_functions import SharedFunctions


class Layer:
    """Tanh of a product, many times over; counts how often Python computes it."""

    kind = "tanh"
    computed = 0

    def compute(self, tensors, depth):
        Layer.computed += 1
        values = tensors["inputs"][0]
        for _ in range(depth):
            values = tf.tanh(values * tensors["factor"])
        return values, [tf.stop_gradient(tf.reduce_mean(values))]


def run(functions, layer, inputs, factor, **options):
    with tf.GradientTape() as tape:
        tape.watch([inputs, factor])
        tensors = {"inputs": [inputs], "factor": factor}
        outputs, (mean,) = functions(layer, tensors, depth=3, **options)
        loss = tf.reduce_sum(outputs**2)
    return outputs, mean, tape.gradient(loss, [inputs, factor])


INPUTS = tf.constant([[0.3, -0.7], [1.1, 0.2]])
FACTOR = tf.constant([0.9, 1.2])


@pytest.mark.parametrize("recompute", [False, True])
def test_values_and_gradients_are_those_of_the_layer(recompute):
    with tf.GradientTape() as tape:
        tape.watch([INPUTS, FACTOR])
        expected, (mean,) = Layer().compute({"inputs": [INPUTS], "factor": FACTOR}, depth=3)
        loss = tf.reduce_sum(expected**2)
    gradients = tape.gradient(loss, [INPUTS, FACTOR])
    found = run(SharedFunctions(), Layer(), INPUTS, FACTOR, recompute=recompute)
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)
    np.testing.assert_allclose(found[1], mean, rtol=1e-6)
    for one, other in zip(found[2], gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("recompute", [False, True])
def test_frozen_tensors_get_no_gradient_and_the_others_theirs(recompute):
    functions = SharedFunctions()
    whole = run(functions, Layer(), INPUTS, FACTOR)[2]
    frozen = {"frozen": ("factor",), "recompute": recompute}
    to_inputs, to_factor = run(functions, Layer(), INPUTS, FACTOR, **frozen)[2]
    assert to_factor is None
    np.testing.assert_allclose(to_inputs, whole[0], rtol=1e-5)


@pytest.mark.parametrize("recompute", [False, True])
def test_layers_of_one_kind_are_traced_once(recompute):
    functions = SharedFunctions()

    @tf.function(autograph=False)
    def all_layers(inputs):
        for _ in range(5):
            inputs = run(functions, Layer(), inputs, FACTOR, recompute=recompute)[2][0]
        return inputs

    Layer.computed = 0
    all_layers(INPUTS)
    assert Layer.computed == 1 + recompute


def test_recomputation_keeps_nothing_for_the_gradient():
    functions = SharedFunctions()

    def outputs_of_forward_functions(recompute):
        step = tf.function(
            lambda inputs: run(functions, Layer(), inputs, FACTOR, recompute=recompute)[2][0],
            autograph=False,
        )
        operations = step.get_concrete_function(INPUTS).graph.get_operations()
        return [len(o.outputs) for o in operations if o.type == "PartitionedCall"][0]

    assert outputs_of_forward_functions(recompute=True) == 2
    assert outputs_of_forward_functions(recompute=False) > 2
