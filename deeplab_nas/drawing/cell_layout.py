"""Where the blocks of a cell and the wires between them go in a picture.

Blocks stand in columns by their depth. A state that is needed further to the right passes through
the columns between in a lane of its own, so that wires cross in the gaps between columns only and
never a label (the layered drawing of Sugiyama, Tagawa and Toda, 1981).
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from deeplab_nas.core.nas_genotypes import Cell

NUM_INPUTS = 2


@dataclasses.dataclass(frozen=True)
class Slot:
    """Something that takes room in a column.

    Attributes:
        state: The state that leaves the slot: 0 and 1 are the inputs, 2 + i is block i.
        sources: The states that enter it; a lane is entered by its own state.
        is_lane: Whether the state only passes through.
    """

    state: int
    sources: tuple[int, ...]
    is_lane: bool = False


@dataclasses.dataclass(frozen=True)
class Layout:
    """Columns from left to right, slots from top to bottom.

    Attributes:
        columns: The inputs first, then the blocks and lanes at each depth.
        centers: The vertical middle of each slot, in the shape of `columns`.
        height: Of the whole, with every slot between 0 and it.
    """

    columns: tuple[tuple[Slot, ...], ...]
    centers: tuple[tuple[float, ...], ...]
    height: float


def lay_out(cell: Cell, block_height: float, lane_height: float, gap: float) -> Layout:
    """Places the blocks of a cell.

    Args:
        cell: As in `Architecture`.
        block_height: Room of an input or a block.
        lane_height: Room of a state that passes through.
        gap: Room between two slots.

    Returns:
        The layout. Every block is wanted by the concatenation, right of the last column.
    """
    columns = _ordered(_columns(cell))
    heights = [[lane_height if s.is_lane else block_height for s in column] for column in columns]
    centers = [_separated([0.0] * NUM_INPUTS, heights[0], gap)]
    for left, right, right_heights in zip(columns, columns[1:], heights[1:], strict=False):
        sources = dict(zip((slot.state for slot in left), centers[-1], strict=True))
        wanted = [np.mean([sources[state] for state in slot.sources]) for slot in right]
        centers.append(_separated(wanted, right_heights, gap))
    top = min(c[0] - h[0] / 2 for c, h in zip(centers, heights, strict=True))
    bottom = max(c[-1] + h[-1] / 2 for c, h in zip(centers, heights, strict=True))
    return Layout(
        columns=tuple(map(tuple, columns)),
        centers=tuple(tuple(float(y - top) for y in column) for column in centers),
        height=float(bottom - top),
    )


def _columns(cell: Cell) -> list[list[Slot]]:
    depths = [0] * NUM_INPUTS
    for block in cell:
        depths.append(1 + max(depths[state] for state, _ in block))
    last_column = max(depths)
    # The last column that a state must reach: blocks go on to the concatenation behind all.
    ends = [0] * NUM_INPUTS + [last_column] * len(cell)
    for i, block in enumerate(cell):
        for state, _ in block:
            if state < NUM_INPUTS:
                ends[state] = max(ends[state], depths[NUM_INPUTS + i] - 1)
    columns: list[list[Slot]] = [[Slot(1, ()), Slot(0, ())]]
    for depth in range(1, last_column + 1):
        blocks = [
            Slot(NUM_INPUTS + i, tuple(state for state, _ in block))
            for i, block in enumerate(cell)
            if depths[NUM_INPUTS + i] == depth
        ]
        lanes = [
            Slot(state, (state,), is_lane=True)
            for state, end in enumerate(ends)
            if depths[state] < depth <= end
        ]
        columns.append(blocks + lanes)
    return columns


def _ordered(columns: list[list[Slot]]) -> list[list[Slot]]:
    """Sorts each column by where its wires come from, then swaps neighbours while that helps."""
    columns = [list(column) for column in columns]
    for left, right in itertools.pairwise(columns):
        ranks = _ranks(left)
        right.sort(key=lambda slot, ranks=ranks: np.mean([ranks[s] for s in slot.sources]))
    crossings = _num_crossings(columns)
    improved = True
    while improved:
        improved = False
        for column in columns[1:]:
            for i in range(len(column) - 1):
                column[i], column[i + 1] = column[i + 1], column[i]
                fewer = _num_crossings(columns)
                if fewer < crossings:
                    crossings, improved = fewer, True
                else:
                    column[i], column[i + 1] = column[i + 1], column[i]
    return columns


def _num_crossings(columns: list[list[Slot]]) -> int:
    count = 0
    for left, right in itertools.pairwise(columns):
        ranks = _ranks(left)
        wires = [(ranks[state], i) for i, slot in enumerate(right) for state in slot.sources]
        count += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in itertools.combinations(wires, 2))
    return count


def _ranks(column: Sequence[Slot]) -> dict[int, int]:
    return {slot.state: rank for rank, slot in enumerate(column)}


def _separated(wanted: Sequence[float], heights: Sequence[float], gap: float) -> list[float]:
    """Returns the centers closest to the wanted ones, in squares, at which no slots overlap.

    Without the least distances between neighbours this is an isotonic regression, which pooling
    adjacent violators solves.
    """
    distances = [(above + below) / 2 + gap for above, below in itertools.pairwise(heights)]
    offsets = np.concatenate([[0.0], np.cumsum(distances)])
    pools: list[list[float]] = []
    for value in np.asarray(wanted) - offsets:
        pools.append([value])
        while len(pools) > 1 and np.mean(pools[-2]) >= np.mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    return [float(y) for y in offsets + np.concatenate([[np.mean(p)] * len(p) for p in pools])]
