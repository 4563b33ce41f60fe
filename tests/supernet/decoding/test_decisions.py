"""What is decided, by hand and by draws of noise."""

import numpy as np
import pytest

from deeplab_nas.core import trellis
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.supernet.decoding import by_logits, decisions


def test_t_of_noise_is_standard_normal_whatever_its_size():
    generator = np.random.default_rng(0)
    sizes = 10.0 ** generator.uniform(-9, 3, [4000])
    gradients = sizes * generator.standard_normal([200, 4000])
    found = decisions.preferences(gradients.sum(0), (gradients**2).sum(0))
    assert abs(found.mean()) < 0.05
    assert abs(found.std() - 1) < 0.05


def test_t_is_positive_where_descent_raises_the_logit():
    gradients = np.array([[-1.0, 1.0, 0.0], [-1.0, 3.0, 0.0]])
    found = decisions.preferences(gradients.sum(0), (gradients**2).sum(0))
    np.testing.assert_allclose(found, [2 / np.sqrt(2), -4 / np.sqrt(10), 0.0])


@pytest.mark.parametrize("num_blocks", [1, 3])
def test_the_margin_of_an_edge_is_to_the_best_other_operation_that_can_be_decoded(num_blocks):
    generator = np.random.default_rng(num_blocks)
    t = generator.standard_normal([trellis.num_edges(num_blocks), len(SEARCH_OPERATIONS)])
    zero = SEARCH_OPERATIONS.index("zero")
    t[:, zero] = 100.0
    cell = by_logits.decode_cell(generator.standard_normal(t.shape))
    margins = decisions.edge_margins(t, cell, SEARCH_OPERATIONS)
    edges = [(state, block, name) for block, pairs in enumerate(cell) for state, name in pairs]
    assert len(margins) == len(edges) == 2 * num_blocks
    for margin, (state, block, name) in zip(margins, edges, strict=True):
        row = t[trellis.edges(num_blocks).index((state, block))]
        others = [
            value
            for value, other in zip(row, SEARCH_OPERATIONS, strict=True)
            if other not in (name, "zero")
        ]
        assert margin == pytest.approx(row[SEARCH_OPERATIONS.index(name)] - max(others))


def test_one_operation_is_decided():
    margins = decisions.edge_margins(np.zeros([2, 1]), (((0, "skip"), (1, "skip")),), ("skip",))
    assert decisions.num_decided(margins) == 2


def test_the_margin_of_an_arrow_is_to_the_others_that_leave_its_node():
    t = np.full([3, 4, 3], 50.0)
    t[0, 0, trellis.SAME], t[0, 0, trellis.DOWN] = 1.0, 4.5
    t[1, 1] = [0.5, -1.0, 2.0]
    t[2, 2] = [7.0, 6.0, 5.0]
    # Down to level 1, on down to level 2, and back up; no arrow leads up from the finest level.
    assert decisions.arrow_margins(t, (1, 2, 1)) == pytest.approx([3.5, 1.5, 1.0])
    assert decisions.num_decided(decisions.arrow_margins(t, (1, 2, 1))) == 1


def test_what_came_second_on_undecided_edges_is_told_the_closest_one_first():
    names = ("skip", "max_pool_3x3", "atrous_3x3", "zero")
    t = np.zeros([trellis.num_edges(2), 4])
    t[:, 3] = 50.0
    edges = trellis.edges(2)
    t[edges.index((0, 0)), :3] = [3.0, 2.5, 1.0]
    t[edges.index((1, 0)), :3] = [1.0, 9.0, 2.0]
    t[edges.index((2, 1)), :3] = [0.3, 0.1, 0.2]
    t[edges.index((1, 1)), :3] = [0.0, 0.5, 2.0]
    cell = (((0, "skip"), (1, "max_pool_3x3")), ((2, "skip"), (1, "atrous_3x3")))
    seconds = decisions.second_operations(t, cell, names)
    assert {edge: name for edge, (name, _) in seconds.items()} == {
        (0, 0): "max_pool_3x3",
        (2, 1): "atrous_3x3",
        (1, 1): "max_pool_3x3",
    }
    assert decisions.closest_changes(cell, seconds) == [
        (1, 0, "atrous_3x3"),
        (0, 0, "max_pool_3x3"),
        (1, 1, "max_pool_3x3"),
    ]
    kept = np.ones_like(t, bool)
    kept[edges.index((0, 0)), 1:] = False
    assert (0, 0) not in decisions.second_operations(t, cell, names, kept)
