"""How much of the variance between architectures is the path's, and how much the cell's.

Of architectures that are all different in both, as random ones are, only what a few numbers about
each predict can be told: a lower bound, since a linear model of some ten numbers misses what is
not linear, what depends on both together, and what they do not count. Where the same cells were
trained on the same paths, a two-way analysis of variance tells all of it.
"""

import collections
import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from deeplab_nas.core import operations
from deeplab_nas.core.nas_genotypes import Architecture, Cell, Path
from deeplab_nas.core.operations import Kind

_KINDS = (Kind.SEPARABLE, Kind.CONVOLUTION, Kind.AVERAGE_POOL, Kind.MAXIMUM_POOL, Kind.SKIP)
_PENALTIES = np.logspace(-1, 4, 11)
_FOLDS = 10
_SHUFFLES = 10


@dataclasses.dataclass(frozen=True)
class PredictedShares:
    """Shares of the variance that a linear model predicts of architectures it has not seen.

    Cross-validated R^2 each, at most the share that is not the seeds'; 0 and less: nothing.

    Attributes:
        path: By mean level, last level and changes of level.
        cell: By the counts of the kinds of operations (convolutions are a sum of two), those
            larger than 3x3, and the longest chain of blocks.
        both: By all of them.
    """

    path: float
    cell: float
    both: float


@dataclasses.dataclass(frozen=True)
class GridShares:
    """Shares of the sum of squares over a grid of paths and cells, which add up to 1.

    Attributes:
        path: Main effect.
        cell: Main effect.
        interaction: What is left, the seeds' variance included.
        seeds: How much of that left is expected of the seeds' variance alone.
    """

    path: float
    cell: float
    interaction: float
    seeds: float


def path_numbers(path: Path) -> list[float]:
    """Returns mean level, last level and how often the level changes, the stem's 0 first."""
    changes = sum(before != after for before, after in zip((0, *path), path, strict=False))
    return [float(np.mean(path)), float(path[-1]), float(changes)]


def cell_numbers(cell: Cell) -> list[float]:
    """Returns counts of the kinds of operations, of those larger than 3x3, and the depth.

    The depth is the number of blocks in the longest chain of them.
    """
    found = [operations.find(name) for block in cell for _, name in block]
    kinds = collections.Counter(operation.kind for operation in found)
    large = sum(max(operation.kernels, default=(1, 1)) >= (5, 5) for operation in found)
    # The depth of each state, first those of the two inputs.
    depths = [0, 0]
    for block in cell:
        depths.append(1 + max(depths[state] for state, _ in block))
    return [*(float(kinds[kind]) for kind in _KINDS), float(large), float(max(depths))]


def predicted(
    architectures: Sequence[Architecture], mious: Sequence[float], seed: int = 0
) -> PredictedShares:
    """Shares by ridge regression, cross-validated in ten folds, the mean of ten shuffles.

    The strength of the penalty is chosen inside each fold, by the error on each architecture when
    it is left out.

    Args:
        architectures: 10 or more.
        mious: Of each, one training.
        seed: Of the shuffles.

    Raises:
        ValueError: There are fewer, or all mIoU are equal.
    """
    values = np.asarray(mious, np.float64)
    if len(values) < _FOLDS or len(values) != len(architectures) or not np.ptp(values):
        raise ValueError(f"Expected {_FOLDS} architectures or more, and mIoU that differ.")
    of_path = np.array([path_numbers(one.path) for one in architectures])
    of_cell = np.array([cell_numbers(one.cell) for one in architectures])
    both = np.hstack([of_path, of_cell])
    return PredictedShares(
        *(_cross_validated(one, values, seed) for one in (of_path, of_cell, both))
    )


def of_grid(mious: Mapping[tuple[Path, Cell], float], seeds_variance: float) -> GridShares | None:
    """Two-way analysis of variance, by sums of squares.

    Args:
        mious: Of each path and cell, one training.
        seeds_variance: Between trainings of one architecture.

    Returns:
        The shares, or None where not every cell was trained on every path, where there are not two
        of each, or where all mIoU are equal.
    """
    paths, cells = (list(dict.fromkeys(key[place] for key in mious)) for place in range(2))
    if min(len(paths), len(cells)) < 2 or len(mious) < len(paths) * len(cells):
        return None
    grid = np.array([[mious[path, cell] for cell in cells] for path in paths])
    deviations = grid - grid.mean()
    total = np.sum(deviations**2)
    if not total:
        return None
    of_path = len(cells) * np.sum(deviations.mean(axis=1) ** 2) / total
    of_cell = len(paths) * np.sum(deviations.mean(axis=0) ** 2) / total
    expected = seeds_variance * (len(paths) - 1) * (len(cells) - 1) / total
    return GridShares(*map(float, (of_path, of_cell, 1 - of_path - of_cell, expected)))


def _cross_validated(features, values, seed):
    random = np.random.default_rng(seed)
    shares = []
    for _ in range(_SHUFFLES):
        left = constant = 0.0
        for held in np.array_split(random.permutation(len(values)), _FOLDS):
            seen = np.setdiff1d(np.arange(len(values)), held)
            predicted = _ridge(features[seen], values[seen], features[held])
            left += np.sum((values[held] - predicted) ** 2)
            constant += np.sum((values[held] - values[seen].mean()) ** 2)
        shares.append(1 - left / constant)
    return float(np.mean(shares))


def _ridge(features, values, asked):
    """Predictions for `asked`, with the penalty of the smallest error when one is left out."""
    center, scale = features.mean(axis=0), features.std(axis=0)
    # What does not vary predicts nothing.
    scale = np.where(scale > 0, scale, np.inf)
    left, sizes, right = np.linalg.svd((features - center) / scale, full_matrices=False)
    mean = values.mean()
    along = left.T @ (values - mean)
    kept = sizes**2 / (sizes**2 + _PENALTIES[:, None])
    residuals = (values - mean) - (kept * along) @ left.T
    # Of each value in its own prediction; the mean has 1 / n of it.
    own = kept @ (left**2).T + 1 / len(values)
    best = np.argmin(np.sum((residuals / (1 - own)) ** 2, axis=1))
    shrunk = sizes / (sizes**2 + _PENALTIES[best])
    return mean + ((asked - center) / scale) @ right.T @ (shrunk * along)
