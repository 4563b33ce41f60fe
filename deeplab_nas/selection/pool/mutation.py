"""Neighbours of an architecture: what one change makes of it."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from deeplab_nas.core import trellis
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS, discrete


def neighbour(
    architecture: Architecture, seed: int, operations: Sequence[str] = SEARCH_OPERATIONS
) -> Architecture:
    """Changes one level of the path, one edge's state or one edge's operation, by chance.

    Which of the three it is has equal probability, and then each change of that kind. Every
    architecture of as many layers and blocks is reached by such steps, all of which lead back too:
    levels come down to 0 one after another, the highest first; an edge gets any operation, and any
    state, if need be in exchange for that of the other edge of its block.

    Args:
        architecture: What to change, such as `random_architecture.draw` draws.
        seed: Seed.
        operations: Names of the candidate operations.

    Returns:
        Another network, of the same space: two distinct states a block, and no `zero`.
    """
    random = np.random.RandomState(seed)
    kinds = [list(kind) for kind in neighbours(architecture, operations)]
    possible = [kind for kind in kinds if kind]
    changed = possible[random.randint(len(possible))]
    return changed[random.randint(len(changed))]


def neighbours(
    architecture: Architecture, operations: Sequence[str] = SEARCH_OPERATIONS
) -> tuple[Iterator[Architecture], Iterator[Architecture], Iterator[Architecture]]:
    """Makes all neighbours: by the level, the state and the operation that changes.

    Args:
        architecture: What to change.
        operations: Names of the candidate operations.
    """
    return (
        _with_other_levels(architecture),
        _with_other_states(architecture),
        _with_other_operations(architecture, discrete(operations)),
    )


def _with_other_levels(architecture):
    path = architecture.path
    for layer, level in enumerate(path):
        before = path[layer - 1] if layer else 0
        after = path[layer + 1 : layer + 2]
        for other in trellis.next_levels(before):
            if other != level and all(abs(other - each) <= 1 for each in after):
                changed = (*path[:layer], other, *path[layer + 1 :])
                yield dataclasses.replace(architecture, path=changed)


def _with_other_states(architecture):
    for block, pairs in enumerate(architecture.cell):
        for side in range(2):
            (state, operation), (others_state, others_operation) = pairs[side], pairs[1 - side]
            for new in range(block + 2):
                if new == state:
                    continue
                other = others_state if new != others_state else state
                if new == others_state and (side == 1 or operation == others_operation):
                    # An exchange is the same from both sides, and of equal operations no change.
                    continue
                yield _with_block(
                    architecture, block, side, (new, operation), (other, others_operation)
                )


def _with_other_operations(architecture, names):
    for block, pairs in enumerate(architecture.cell):
        for side in range(2):
            state, operation = pairs[side]
            for name in names:
                if name != operation:
                    yield _with_block(architecture, block, side, (state, name), pairs[1 - side])


def _with_block(architecture, block, side, pair, other):
    """The architecture with another block, of which `pair` stands on `side`."""
    pairs = (pair, other) if side == 0 else (other, pair)
    cell = (*architecture.cell[:block], pairs, *architecture.cell[block + 1 :])
    return dataclasses.replace(architecture, cell=cell)
