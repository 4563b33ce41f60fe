"""Shares of path and cell, where they are known."""

import numpy as np
import pytest

from deeplab_nas.core import nas_genotypes, random_architecture
from deeplab_nas.selection.evidence import variance_shares

DRAWN = [random_architecture.draw(seed, 5, 5) for seed in range(60)]


def test_what_is_counted_of_a_path_and_a_cell():
    assert variance_shares.path_numbers((0, 1, 1, 2, 2)) == [1.2, 2.0, 2.0]
    assert variance_shares.path_numbers((1, 0)) == [0.5, 0.0, 2.0]
    # Separable, atrous, average and maximum pool, skip; 5x5 ones; block 4 reads 3, 3 reads 2 and so
    # on to 1.
    cell = nas_genotypes.auto_deeplab().cell
    assert variance_shares.cell_numbers(cell) == [7, 3, 0, 0, 0, 5, 4]
    cell = (((0, "skip"), (1, "avg_pool_3x3")), ((0, "max_pool_3x3"), (1, "skip")))
    assert variance_shares.cell_numbers(cell) == [0, 0, 1, 1, 2, 0, 1]


@pytest.mark.parametrize("part, number", [("path", 0), ("cell", 1)])
def test_the_part_that_decides_predicts(part, number):
    numbers = getattr(variance_shares, f"{part}_numbers")
    noise = np.random.RandomState(1).normal(size=60)
    values = np.array([numbers(getattr(one, part))[number] for one in DRAWN])
    values = values / values.std()
    shares = variance_shares.predicted(DRAWN, values + noise / 2)
    # 1 of 1.25 can be predicted.
    assert 0.65 < getattr(shares, part) < 0.85
    assert getattr(shares, "cell" if part == "path" else "path") < 0.15
    assert 0.55 < shares.both < 0.85
    exact = variance_shares.predicted(DRAWN, values)
    assert getattr(exact, part) > 0.999


def test_noise_is_not_predicted():
    shares = variance_shares.predicted(DRAWN, np.random.RandomState(2).normal(size=60))
    # A model that fits the noise is worse than the mean.
    for share in (shares.path, shares.cell, shares.both):
        assert -0.1 < share < 0.1


def test_too_few_architectures_are_a_programming_error():
    for count, values in ((9, range(9)), (10, [1] * 10)):
        with pytest.raises(ValueError, match="10 architectures or more"):
            variance_shares.predicted(DRAWN[:count], values)


def test_a_grid_has_two_main_effects_and_what_is_left():
    paths, cells = [(0,), (1,)], ["a", "b", "c"]
    # Effects of -1 and 1, of -2, 0 and 2, and one of both together that has no mean on either.
    both = np.array([[1, -2, 1], [-1, 2, -1]])
    mious = {
        (path, cell): 5 + (2 * i - 1) + (2 * j - 2) + both[i, j]
        for i, path in enumerate(paths)
        for j, cell in enumerate(cells)
    }
    shares = variance_shares.of_grid(mious, seeds_variance=0.5)
    # Sums of squares 6, 16 and 12; two degrees of freedom are left.
    assert shares == variance_shares.GridShares(
        *map(pytest.approx, (6 / 34, 16 / 34, 12 / 34, 0.5 * 2 / 34))
    )


def test_what_is_no_grid_has_no_two_way_analysis():
    for mious in (
        {((0,), "a"): 1, ((1,), "b"): 2},
        {((0,), "a"): 1, ((0,), "b"): 2},
        {((0,), "a"): 1, ((0,), "b"): 1, ((1,), "a"): 1, ((1,), "b"): 1},
    ):
        assert variance_shares.of_grid(mious, 0.1) is None
