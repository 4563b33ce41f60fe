"""Paths that a weight step draws, against all that there are."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import trellis
from deeplab_nas.engine.steps.search import path_sampling


@pytest.mark.parametrize("num_layers", [1, 3, 5])
def test_each_path_comes_as_often_as_any_other(num_layers):
    draw = tf.function(path_sampling.draw, autograph=False)
    counts, expected = collections.Counter(), 40
    paths = trellis.paths(num_layers)
    for seed in range(expected * len(paths)):
        taken = draw(num_layers, tf.constant([5, seed])).numpy()
        level, path = 0, []
        for row in taken:
            np.testing.assert_array_equal(np.delete(row, level, 0), 0)
            np.testing.assert_array_equal(np.sort(row[level]), [0, 0, 1])
            level += int(row[level].argmax()) - trellis.SAME
            path.append(level)
        counts[tuple(path)] += 1
    assert set(counts) == set(paths)
    assert max(abs(count - expected) for count in counts.values()) < 4.5 * np.sqrt(expected)
