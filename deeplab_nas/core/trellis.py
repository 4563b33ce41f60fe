"""The search space as a graph: the trellis of resolutions and the edges of a cell.

Auto-DeepLab, section 3, Figures 1 and 2. A node of the trellis is a (layer, level) pair; level k
has output stride 4 * 2^k, and layer 0 is the stem, which ends at level 0.
"""

import numpy as np

from deeplab_nas.core.nas_genotypes import NUM_LEVELS

# Beta's last axis: what an arrow does to the level.
UP, SAME, DOWN = 0, 1, 2
NUM_DIRECTIONS = 3


def num_levels(layer: int) -> int:
    """Returns how many levels can be reached after `layer` layers: 1, 2, 3, then 4."""
    if layer < 0:
        raise ValueError(f"layer: {layer} is negative; the stem is layer 0.")
    return min(layer + 1, NUM_LEVELS)


def arrows_into(layer: int, level: int) -> list[tuple[int, int]]:
    """Returns the `(source level, direction)` of every arrow into a node, finer sources first.

    Args:
        layer: From 1.
        level: 0 to 3.
    """
    arrows = ((level - 1, DOWN), (level, SAME), (level + 1, UP))
    return [arrow for arrow in arrows if 0 <= arrow[0] < num_levels(layer - 1)]


def skip_source(layer: int, level: int) -> tuple[int, int]:
    """Returns the `(layer, level)` of what a node takes for H^{l-2}.

    It is the coarsest there is where the level is missing. The paper does not say what the first
    cells at a new scale take. The official network resizes the earlier output to the scale where it
    is wanted, and so does this one.

    Args:
        layer: From 1; the first takes layer -1, the stem at output stride 2.
        level: 0 to 3.
    """
    if layer == 1:
        return -1, 0
    return layer - 2, min(level, num_levels(layer - 2) - 1)


def arrow_mask(num_layers: int) -> np.ndarray:
    """Tells which arrows of the trellis exist.

    Args:
        num_layers: L, the number of cells on a path.

    Returns:
        bool `[num_layers, 4, 3]`: whether an arrow leaves (layer l, level) towards layer l + 1, by
        direction: 0 to the finer level, 1 to the same, 2 to the coarser.
    """
    _check_positive("num_layers", num_layers)
    mask = np.zeros([num_layers, NUM_LEVELS, NUM_DIRECTIONS], dtype=bool)
    for layer in range(num_layers):
        mask[layer, : num_levels(layer)] = True
    mask[:, 0, UP] = False
    mask[:, NUM_LEVELS - 1, DOWN] = False
    return mask


def next_levels(level: int) -> range:
    """Returns the levels that an arrow from a level leads to."""
    return range(max(level - 1, 0), min(level + 2, NUM_LEVELS))


def paths(num_layers: int) -> tuple[tuple[int, ...], ...]:
    """Returns every path: the level of each layer; 2, 5, 13, 34, 89, ... of them, in order.

    Args:
        num_layers: L, the number of cells on a path.
    """
    _check_positive("num_layers", num_layers)
    found = [(0,)]
    for _ in range(num_layers):
        found = [(*path, level) for path in found for level in next_levels(path[-1])]
    return tuple(path[1:] for path in found)


def edges(num_blocks: int) -> tuple[tuple[int, int], ...]:
    """Returns the edges of a cell in the order of alpha's rows.

    Args:
        num_blocks: B, the blocks in a cell.

    Returns:
        `(source state, target block)` pairs, by block and then by state; state 0 is H^{l-1}, 1 is
        H^{l-2} and 2 + i is block i.
    """
    _check_positive("num_blocks", num_blocks)
    return tuple((state, block) for block in range(num_blocks) for state in range(block + 2))


def consumers_by_state(num_blocks: int) -> tuple[int, ...]:
    """Returns, for each state that is read, how many blocks read it: (5, 5, 4, 3, 2, 1) for 5."""
    sources = [state for state, _ in edges(num_blocks)]
    return tuple(sources.count(state) for state in range(num_blocks + 1))


def stages(num_blocks: int) -> tuple[tuple[int, ...], ...]:
    """Returns the states that are read, those that are there at the same time together.

    The two inputs of a cell come first, then one block after the other: (0, 1), (2,), (3,) for
    three blocks. All states of a stage have the same consumers.
    """
    _check_positive("num_blocks", num_blocks)
    return ((0, 1), *((state,) for state in range(2, num_blocks + 1)))


def num_edges(num_blocks: int) -> int:
    """Returns the number of edges of a cell: 20 for 5 blocks."""
    _check_positive("num_blocks", num_blocks)
    return num_blocks * (num_blocks + 3) // 2


def num_blocks_of(edges: int) -> int:
    """Returns the blocks of a cell with so many edges; raises `ValueError` if there is none."""
    num_blocks = 1
    while num_edges(num_blocks) < edges:
        num_blocks += 1
    if num_edges(num_blocks) != edges:
        raise ValueError(f"no cell has {edges} edges; expected 2, 5, 9, 14, 20, ...")
    return num_blocks


def _check_positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name}: expected at least 1, found {value}.")
