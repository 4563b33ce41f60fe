"""Sums of gradients: exact, and without what is not finite."""

import keras
import numpy as np
import tensorflow as tf

from deeplab_nas.engine.steps.search.gradient_tally import GradientTally


def made():
    return GradientTally(
        [keras.Variable(np.zeros(shape), name=f"v{i}") for i, shape in enumerate([(2, 3), (4,)])]
    )


def test_sums_of_gradients_and_of_their_squares():
    tally = made()
    generator = np.random.default_rng(0)
    steps = [[generator.standard_normal(s.shape) for s in tally.sums] for _ in range(5)]
    add = tf.function(tally.add, autograph=False)
    for gradients in steps:
        add([tf.constant(gradient, tf.float32) for gradient in gradients])
    for i, (total, square) in enumerate(zip(tally.sums, tally.squares, strict=True)):
        of_one = np.stack([gradients[i] for gradients in steps])
        np.testing.assert_allclose(total.numpy(), of_one.sum(0), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(square.numpy(), (of_one**2).sum(0), rtol=1e-5)
    assert int(tally.steps.numpy()) == 5


def test_a_step_that_overflows_is_left_out_whole():
    tally = made()
    tally.add([tf.ones([2, 3]), tf.constant([1.0, np.inf, 0.0, np.nan])])
    tally.add([tf.ones([2, 3]), tf.ones([4])])
    np.testing.assert_array_equal(tally.sums[0], np.ones([2, 3]))
    np.testing.assert_array_equal(tally.squares[1], np.ones([4]))
    assert int(tally.steps.numpy()) == 1


def test_the_names_in_a_checkpoint_are_those_of_the_variables():
    assert set(made().saved["sums"]) == {"v0", "v1"}
