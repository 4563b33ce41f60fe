"""What a search has decided, by the gradients of alpha and beta.

The gradient of a logit that nothing speaks for or against is noise around zero, and
t = -sum(g) / sqrt(sum(g^2)) over the steps is then N(0, 1), whatever the size of the gradient. It
is positive where descent raises the logit. Differences of t say what the logits cannot: a learning
rate scales the logits of a preference and those of noise alike.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from deeplab_nas.core import trellis
from deeplab_nas.core.nas_genotypes import Cell, Path
from deeplab_nas.core.operations import discrete

# By how much the best t has to lead the second.
DECIDED = 2.0


def preferences(sums: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Computes t of each logit; 0 where there was no gradient.

    Args:
        sums: Sum of each logit's gradients, of any shape.
        squares: Sum of their squares, of the same shape.
    """
    squares = np.asarray(squares, np.float64)
    roots = np.sqrt(np.where(squares > 0, squares, 1.0))
    return np.where(squares > 0, -np.asarray(sums, np.float64) / roots, 0.0)


def edge_margins(
    alpha_t: np.ndarray, cell: Cell, operations: Sequence[str], kept: np.ndarray | None = None
) -> list[float]:
    """By how much t of the operation of each kept edge leads the best of the others.

    Args:
        alpha_t: t of alpha's logits, `[edges, operations]`.
        cell: What was decoded.
        operations: Names of the columns; `zero`, which is never decoded, has no part.
        kept: bool `[edges, operations]`, the operations that are left; None for all.

    Returns:
        `2B` margins, in the order of the cell; infinite where there is one operation.
    """
    choices = discrete(operations)
    columns = [operations.index(name) for name in choices]
    if kept is not None:
        alpha_t = np.where(kept, alpha_t, -np.inf)
    return [
        _margin(alpha_t[row, columns], choices.index(operation))
        for row, operation in _kept_edges(cell)
    ]


def second_operations(
    alpha_t: np.ndarray, cell: Cell, operations: Sequence[str], kept: np.ndarray | None = None
) -> dict[tuple[int, int], tuple[str, float]]:
    """The best other operation of each kept edge that is not decided; arguments as above.

    Returns:
        By state and block: its name, and by how much its t is lower.
    """
    choices = discrete(operations)
    if kept is not None:
        alpha_t = np.where(kept, alpha_t, -np.inf)
    margins = iter(edge_margins(alpha_t, cell, operations))
    rows = trellis.edges(len(cell))
    found = {}
    for row, operation in _kept_edges(cell):
        margin = next(margins)
        others = [name for name in choices if name != operation]
        if margin <= DECIDED:
            best = max(others, key=lambda name: alpha_t[row, operations.index(name)])
            found[rows[row]] = best, margin
    return found


def closest_changes(
    cell: Cell, seconds: Mapping[tuple[int, int], tuple[str, float]]
) -> list[tuple[int, int, str]]:
    """What might as well have been chosen.

    Args:
        cell: What was decoded.
        seconds: For states and blocks: the operation that came second, and by how much.

    Returns:
        Block, 0 or 1 for the first or second edge into it, and an operation in the place of that
        edge's; the closest decision first.
    """
    changes = []
    for block, pairs in enumerate(cell):
        for side, (state, operation) in enumerate(pairs):
            name, margin = seconds.get((state, block), (operation, 0.0))
            if name != operation:
                changes.append((margin, (block, side, name)))
    return [change for _, change in sorted(changes)]


def edge_rivals(cell: Cell, operations: Sequence[str], kept: np.ndarray) -> list[int]:
    """How many operations the one of each kept edge was chosen from; arguments as above."""
    columns = [operations.index(name) for name in discrete(operations)]
    return [int(kept[row, columns].sum()) for row, _ in _kept_edges(cell)]


def _kept_edges(cell):
    """The row of alpha and the operation of each kept edge, in the order of the cell."""
    rows = {edge: row for row, edge in enumerate(trellis.edges(len(cell)))}
    return [
        (rows[state, block], operation)
        for block, pairs in enumerate(cell)
        for state, operation in pairs
    ]


def arrow_margins(beta_t: np.ndarray, path: Path) -> list[float]:
    """By how much t of each arrow of a path leads the best other one that leaves the same node.

    Args:
        beta_t: t of beta's logits, `[layers, 4, 3]`.
        path: What was decoded, a level a layer.

    Returns:
        A margin a layer.
    """
    mask = trellis.arrow_mask(len(path))
    margins, level = [], 0
    for layer, target in enumerate(path):
        directions = np.flatnonzero(mask[layer, level])
        chosen = int(np.flatnonzero(directions == target - level + trellis.SAME)[0])
        margins.append(_margin(beta_t[layer, level, directions], chosen))
        level = target
    return margins


def _margin(values: np.ndarray, chosen: int) -> float:
    others = np.delete(values, chosen)
    return float(values[chosen] - others.max()) if len(others) else float("inf")


def num_decided(margins: Sequence[float]) -> int:
    """Returns how many choices lead by more than `DECIDED`."""
    return sum(margin > DECIDED for margin in margins)
