"""Operations of functions that a graph calls."""

import collections

import tensorflow as tf

from deeplab_nas.core.cost import called_operations, multiply_adds


def test_what_is_called_twice_comes_twice():
    kernel = tf.ones([3, 3, 2, 2])

    @tf.function(autograph=False)
    def inner(maps):
        return tf.nn.conv2d(maps, kernel, 1, "SAME")

    @tf.function(autograph=False)
    def outer(maps):
        return inner(inner(maps))

    graph = outer.get_concrete_function(tf.TensorSpec([1, 4, 5, 2])).graph
    found = collections.Counter(operation.type for operation in called_operations.of(graph))
    assert found["Conv2D"] == 2
    assert multiply_adds.plain(called_operations.of(graph)) == 2 * 4 * 5 * 9 * 2 * 2
