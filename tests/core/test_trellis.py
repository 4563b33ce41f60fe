"""The sizes that the paper states, and the same sizes counted one by one."""

import collections
import itertools
import math

import numpy as np
import pytest

from deeplab_nas.core import trellis


def listed_paths(num_layers, first_levels=(0, 1)):
    """Filters every sequence of levels."""
    return [
        path
        for path in itertools.product(range(4), repeat=num_layers)
        if path[0] in first_levels and all(abs(a - b) <= 1 for a, b in itertools.pairwise(path))
    ]


def test_levels():
    assert [trellis.num_levels(layer) for layer in range(6)] == [1, 2, 3, 4, 4, 4]
    with pytest.raises(ValueError, match="layer"):
        trellis.num_levels(-1)


def test_arrows_of_the_paper():
    mask = trellis.arrow_mask(12)
    assert mask.shape == (12, 4, 3) and mask.dtype == bool
    assert mask.sum() == 105
    assert mask.sum(axis=(1, 2)).tolist() == [2, 5, 8] + [10] * 9
    assert mask[0].tolist() == [[False, True, True]] + [[False] * 3] * 3
    assert mask[11].tolist() == [[False, True, True], [True] * 3, [True] * 3, [True, True, False]]


def test_arrows_are_the_steps_of_all_paths():
    num_layers = 5
    mask = np.zeros([num_layers, 4, 3], dtype=bool)
    for path in listed_paths(num_layers):
        for layer, (source, target) in enumerate(itertools.pairwise((0, *path))):
            mask[layer, source, target - source + 1] = True
    np.testing.assert_array_equal(trellis.arrow_mask(num_layers), mask)


def counted_paths(mask):
    """Ways along the arrows from the stem, layer by layer."""
    counts = np.array([1, 0, 0, 0])
    for arrows in mask:
        into = [np.roll(counts * arrows[:, d], d - 1) for d in range(3)]
        counts = np.sum(into, axis=0)
    return counts.sum()


def test_paths_of_the_paper():
    assert counted_paths(trellis.arrow_mask(12)) == 75_025
    # The paper counts 11 steps: those of 12 layers of which the first stays at level 0.
    assert counted_paths(trellis.arrow_mask(11)) == 28_657


@pytest.mark.parametrize("num_layers", [1, 2, 3, 4, 7])
def test_the_arrows_make_every_path(num_layers):
    count = counted_paths(trellis.arrow_mask(num_layers))
    assert count == len(listed_paths(num_layers))
    assert count == len(listed_paths(num_layers + 1, first_levels=(0,)))


def test_cells_of_the_paper():
    choices = collections.Counter(block for _, block in trellis.edges(5))
    # Two inputs a block, each an edge and one of eight operations (section 3.1).
    assert math.prod((8 * edges) ** 2 for edges in choices.values()) == 556_627_761_561_600


def test_edges_of_the_paper():
    edges = trellis.edges(5)
    assert len(edges) == len(set(edges)) == trellis.num_edges(5) == 20
    assert edges[:5] == ((0, 0), (1, 0), (0, 1), (1, 1), (2, 1))
    assert list(edges) == sorted(edges, key=lambda edge: (edge[1], edge[0]))
    assert all(state < block + 2 for state, block in edges)


@pytest.mark.parametrize("num_blocks", range(1, 9))
def test_num_edges(num_blocks):
    assert trellis.num_edges(num_blocks) == len(trellis.edges(num_blocks))
    assert trellis.num_blocks_of(trellis.num_edges(num_blocks)) == num_blocks


@pytest.mark.parametrize("edges", [0, 1, 3, 19])
def test_no_cell_has_so_many_edges(edges):
    with pytest.raises(ValueError, match=f"no cell has {edges} edges"):
        trellis.num_blocks_of(edges)


@pytest.mark.parametrize("function", [trellis.arrow_mask, trellis.edges, trellis.num_edges])
def test_empty_search_spaces_are_refused(function):
    with pytest.raises(ValueError, match="at least 1"):
        function(0)


@pytest.mark.parametrize(("num_layers", "count"), [(1, 2), (2, 5), (3, 13), (4, 34), (5, 89)])
def test_paths_are_all_there_are(num_layers, count):
    paths = trellis.paths(num_layers)
    assert len(set(paths)) == len(paths) == count
    everything = itertools.product(range(4), repeat=num_layers)
    allowed = [
        path
        for path in everything
        if all(abs(a - b) <= 1 for a, b in itertools.pairwise((0, *path)))
    ]
    assert list(paths) == allowed
