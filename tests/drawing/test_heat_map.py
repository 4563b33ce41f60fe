"""The table of alpha has a cell for every edge and operation, the darker the larger."""

import numpy as np
import pytest

from deeplab_nas.core import trellis
from deeplab_nas.drawing import canvas, heat_map
from deeplab_nas.supernet.decoding import by_logits


def weights(num_blocks, seed=0):
    alpha = np.random.default_rng(seed).standard_normal([trellis.num_edges(num_blocks), 8])
    return by_logits.operation_weights(alpha)


@pytest.mark.parametrize("num_blocks", [1, 2, 5, 7])
def test_height_grows_by_a_row_for_each_edge(num_blocks):
    image = heat_map.draw_alpha(weights(num_blocks), num_blocks)
    taller = heat_map.draw_alpha(weights(num_blocks + 1), num_blocks + 1)
    assert taller.width == image.width
    assert taller.height - image.height >= 20 * (num_blocks + 2)


def test_every_row_frames_its_largest_weight():
    data = np.asarray(heat_map.draw_alpha(weights(5), 5))
    framed = np.abs(data.astype(int) - canvas.HIGHLIGHT).max(axis=-1) < 60
    # A frame has two long horizontal lines: count where such a line begins.
    spans = framed.sum(axis=1) >= 40
    lines = np.count_nonzero(spans[1:] & ~spans[:-1])
    assert lines == 2 * 20


def test_a_decided_alpha_has_the_darkest_colour():
    alpha = np.zeros([2, 8])
    alpha[0, 3] = 50.0
    decided = np.asarray(heat_map.draw_alpha(by_logits.operation_weights(alpha), 1))
    darkest = (decided == heat_map.scale_color(1.0)).all(axis=-1).sum()
    undecided = np.asarray(heat_map.draw_alpha(np.full([2, 8], 0.125), 1))
    assert darkest > 300
    assert (undecided == heat_map.scale_color(1.0)).all(axis=-1).sum() < 100


def test_the_colour_scale_darkens_steadily():
    sums = [sum(heat_map.scale_color(fraction)) for fraction in np.linspace(0, 1, 50)]
    assert all(a > b for a, b in zip(sums, sums[1:], strict=False))


@pytest.mark.parametrize("value", [np.zeros([20, 7]), np.zeros([14, 8]), np.zeros([20])])
def test_wrong_shapes_are_refused(value):
    with pytest.raises(ValueError, match="weights"):
        heat_map.draw_alpha(value, 5)


def test_logits_are_refused():
    with pytest.raises(ValueError, match=r"weights: expected values in 0\.\.1"):
        heat_map.draw_alpha(np.full([2, 8], 1.5), 1)
