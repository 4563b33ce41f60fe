"""Choosing by what a trained supernet does without a part of the search space.

The gradient of alpha and beta says little once the supernet has learned its task, since what one
path or operation lacks the others bring. What remains of the supernet when the others are cut says
which of them carries it: DARTS-PT (Wang et al., ICLR 2021) decides so among operations, and paths
are chosen alike.

Everywhere, `loss` is a function of operation weights `[edges, operations]` and arrow weights
`[layers, 4, 3]`, as NumPy arrays, that returns a float; `operations` and `arrows` are such weights
of a whole supernet, rows that sum to one. Of equal losses the one that was looked at first counts.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from deeplab_nas.core import trellis
from deeplab_nas.core.nas_genotypes import Cell, Path
from deeplab_nas.core.operations import discrete

# Of the edges of a cell; most cells stay after two.
IMPROVING_SWEEPS = 3

Loss = Callable[[np.ndarray, np.ndarray | None], float]


@dataclasses.dataclass(frozen=True)
class RankedPath:
    """A path, and the loss of the supernet that is cut down to it."""

    path: Path
    loss: float


def rank_paths(
    loss: Loss,
    operations: np.ndarray,
    arrows: np.ndarray,
    beam: int,
    done: Callable[[], None] = lambda: None,
) -> list[RankedPath]:
    """Looks for the path of the lowest loss with a beam search from the stem.

    The beginnings of paths are ranked by the loss with all arrows cut that their continuations
    cannot reach, which keep their weights. With a beam as wide as there are paths this ranks them
    all.

    Args:
        loss: As above.
        operations: As above.
        arrows: As above.
        beam: Beginnings that are kept a layer.
        done: Called after each layer.

    Returns:
        The whole paths that were looked at, the best one first.
    """
    beginnings: list[Path] = [()]
    ranked = []
    for layer in range(len(arrows)):
        longer = [
            (*path, level)
            for path in beginnings
            for level in trellis.next_levels(path[-1] if path else 0)
        ]
        if len(longer) > beam or layer == len(arrows) - 1:
            ranked = [RankedPath(path, loss(operations, cut(arrows, path))) for path in longer]
            ranked.sort(key=lambda one: one.loss)
            longer = [one.path for one in ranked]
        beginnings = longer[:beam]
        done()
    return ranked


def cut(arrows: np.ndarray, beginning: Path) -> np.ndarray:
    """Cuts all arrows that no path with this beginning takes; the beginning's own get weight 1."""
    weights = np.zeros_like(arrows)
    reached = {0}
    for layer, row in enumerate(arrows):
        levels, reached = reached, set()
        for level in levels:
            if layer < len(beginning):
                weights[layer, level, beginning[layer] - level + trellis.SAME] = 1.0
                reached.add(beginning[layer])
            else:
                weights[layer, level] = row[level]
                reached.update(trellis.next_levels(level))
    return weights


def cell_alone(cell: Cell, names: Sequence[str]) -> np.ndarray:
    """Cuts all operations and edges but those of a cell, which get weight 1.

    Args:
        cell: The cell.
        names: Of the operations.

    Returns:
        Operation weights, `[edges, operations]`.
    """
    edges = trellis.edges(len(cell))
    weights = np.zeros([len(edges), len(names)], np.float32)
    for block, pairs in enumerate(cell):
        for state, name in pairs:
            weights[edges.index((state, block)), names.index(name)] = 1.0
    return weights


def choose_cell(
    loss: Loss,
    operations: np.ndarray,
    arrows: np.ndarray | None,
    names: Sequence[str],
    done: Callable[[], None] = lambda: None,
    train: Callable[[np.ndarray, np.ndarray | None], None] = lambda *_: None,
    second: Callable[[tuple[int, int], str, float], None] = lambda *_: None,
) -> Cell:
    """Chooses operations and edges by what hurts most when it is removed (DARTS-PT, algorithm 1).

    Edge by edge each operation is removed by itself, and the one without which the loss is highest
    is kept alone. Then each of the edges into a block is removed by itself, and the two without
    which it is highest are kept. The published method trains what is left between decisions.

    Args:
        loss: As above.
        operations: As above.
        arrows: As above, or of one path; None where the path is fixed.
        names: Of the operations; `zero` is never kept, and none whose weight is 0.
        done: Called after each edge.
        train: Called with the weights of what is left, before the first decision and after each;
            may change what `loss` returns.
        second: Called for each edge that has a choice with its state and block, the operation that
            is missed second most, and by how much less its removal raises the loss.

    Returns:
        The blocks, in each the edge first that hurts more.
    """
    weights = np.array(operations)
    choices = [names.index(name) for name in discrete(names)]
    blocks: dict[int, list[tuple[int, int]]] = {}
    train(weights, arrows)
    for row, (state, block) in enumerate(trellis.edges(trellis.num_blocks_of(len(weights)))):
        left = [choice for choice in choices if weights[row, choice] > 0]
        missed = _by_loss_without(loss, weights, arrows, row, left)
        kept = missed[0][0]
        if len(missed) > 1:
            second((state, block), names[missed[1][0]], missed[0][1] - missed[1][1])
        weights[row] = 0.0
        weights[row, kept] = 1.0
        train(weights, arrows)
        blocks.setdefault(block, []).append((row, state))
        done()
    cell = []
    for edges in blocks.values():
        without = {}
        for row, state in edges:
            removed = weights.copy()
            removed[row] = 0.0
            without[row, state] = loss(removed, arrows) if len(edges) > 2 else 0.0
        order = sorted(edges, key=lambda edge: -without[edge])
        for row, _ in order[2:]:
            weights[row] = 0.0
        if order[2:]:
            train(weights, arrows)
        first, second = ((state, names[int(weights[row].argmax())]) for row, state in order[:2])
        cell.append((first, second))
    return tuple(cell)


def improve_cell(
    loss: Loss,
    cell: Cell,
    operations: np.ndarray,
    arrows: np.ndarray | None,
    names: Sequence[str],
    done: Callable[[], None] = lambda: None,
) -> Cell:
    """Looks for the cell whose loss, with all others cut, is lowest, by coordinate descent.

    Edge by edge of the cell, each operation on each state that the block may take is put in its
    place, and the one of the lowest loss stays. That a supernet's weights rank the architectures
    that are cut out of it is what one-shot searches rest on (Guo et al., ECCV 2020, section 3.1).

    Args:
        loss: As above.
        cell: Where to begin.
        operations: As above; none whose weight is 0 is chosen.
        arrows: As above, or of one path; None where the path is fixed.
        names: Of the operations; `zero` is never chosen.
        done: Called after each edge; there are `IMPROVING_SWEEPS` times the cell's at most.

    Returns:
        A cell that no change of one edge improves, or the best after so many sweeps.
    """
    columns = [names.index(name) for name in discrete(names)]
    rows = {edge: row for row, edge in enumerate(trellis.edges(len(cell)))}
    lowest = loss(cell_alone(cell, names), arrows)
    places = [(block, side) for block in range(len(cell)) for side in range(2)]
    unchanged = 0
    for block, side in places * IMPROVING_SWEEPS:
        begun, other = cell, cell[block][1 - side]
        for state in set(range(block + 2)) - {other[0]}:
            for column in columns:
                pair = state, names[column]
                if operations[rows[state, block], column] == 0 or pair == begun[block][side]:
                    continue
                changed = (pair, other) if side == 0 else (other, pair)
                tried = (*begun[:block], changed, *begun[block + 1 :])
                found = loss(cell_alone(tried, names), arrows)
                if found < lowest:
                    lowest, cell = found, tried
        done()
        unchanged = unchanged + 1 if cell is begun else 1
        if unchanged == len(places):
            break
    return cell


def _by_loss_without(loss, weights, arrows, row, choices):
    """Each choice with the loss without it, the others weighed up to one, the highest loss first.

    One alone needs no evaluation.
    """
    if len(choices) == 1:
        return [(choices[0], 0.0)]
    found = []
    for choice in choices:
        removed = weights.copy()
        removed[row, choice] = 0.0
        removed[row] /= removed[row].sum()
        found.append((choice, loss(removed, arrows)))
    return sorted(found, key=lambda one: -one[1])
