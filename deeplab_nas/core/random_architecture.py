"""Architectures drawn from the search space, the baseline that a search has to beat."""

from collections.abc import Mapping, Sequence

import numpy as np

from deeplab_nas.core import trellis
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS, discrete


def draw(
    seed: int,
    num_layers: int,
    num_blocks: int,
    operations: Sequence[str] = SEARCH_OPERATIONS,
    candidates: Mapping[tuple[int, int], Sequence[str]] | None = None,
) -> Architecture:
    """Draws an architecture that a search could have decoded.

    Every block gets two distinct states and an operation for each, every layer a level that its
    predecessor reaches, all with equal probability.

    Args:
        seed: Seed.
        num_layers: L, cells on the path.
        num_blocks: B, blocks in the cell.
        operations: Names of the candidate operations.
        candidates: Names of those of each edge `(state, block)`, in place of `operations`.

    Returns:
        The architecture, without the operation `zero`.
    """
    # The stream of RandomState is frozen over the versions of NumPy, that of Generator is not.
    random = np.random.RandomState(seed)

    def draw_operation(state, block):
        names = discrete(candidates[state, block] if candidates else operations)
        return names[random.randint(len(names))]

    cell = tuple(
        tuple(
            (int(state), draw_operation(int(state), block))
            for state in random.choice(2 + block, size=2, replace=False)
        )
        for block in range(num_blocks)
    )
    path, level = [], 0
    for _ in range(num_layers):
        reached = trellis.next_levels(level)
        level = int(random.randint(reached.start, reached.stop))
        path.append(level)
    return Architecture(cell=cell, path=tuple(path))
