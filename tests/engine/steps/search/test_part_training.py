"""Training for a choice, which leaves nothing behind."""

import itertools

import numpy as np
import tensorflow as tf

from deeplab_nas.engine.steps.search.part_training import PartTraining


def test_each_call_goes_on_with_the_batches_and_the_end_puts_the_weights_back():
    variable, seen = tf.keras.Variable(np.float32([1, 2])), []

    def update(images, labels, operations, arrows):
        seen.append((images, labels, operations.dtype, arrows))
        variable.assign_add(operations)

    batches = ((number, -number) for number in itertools.count(10))
    with PartTraining(update, [variable], batches, 2) as train:
        train(np.array([0.5, 0.0]), None)
        np.testing.assert_array_equal(variable.numpy(), [2, 2])
        train(np.array([0.0, 0.5]), np.ones(3))
        np.testing.assert_array_equal(variable.numpy(), [2, 3])
    np.testing.assert_array_equal(variable.numpy(), [1, 2])
    assert [one[:2] for one in seen] == [(10, -10), (11, -11), (12, -12), (13, -13)]
    assert {one[2] for one in seen} == {tf.float32}
    assert [one[3] is None for one in seen] == [True, True, False, False]
