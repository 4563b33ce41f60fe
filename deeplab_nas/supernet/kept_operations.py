"""Which operations are left on each edge, where a search has given up some of them."""

import numpy as np

from deeplab_nas.core import trellis


class KeptOperations:
    """A mask of candidates, by stage and place as the wide operations have them.

    Hashable, and equal to another of the same mask: what is left out is not in the graph.
    """

    def __init__(self, mask, operations):
        """Creates it.

        Args:
            mask: bool `[edges, operations]`.
            operations: Names of its columns.
        """
        self.mask = np.array(mask, dtype=bool)
        self._columns = {name: column for column, name in enumerate(operations)}
        num_blocks = trellis.num_blocks_of(len(self.mask))
        edges = trellis.edges(num_blocks)
        self._rows = [
            [row for row in sorted(range(len(edges)), key=edges.__getitem__) if edges[row][0] in on]
            for on in trellis.stages(num_blocks)
        ]

    def places(self, stage, name):
        """Where, among the edges that leave a stage, an operation is left.

        Args:
            stage: Index in `trellis.stages`.
            name: Of the operation.

        Returns:
            Numbers of edges in the order `[state, consumer]`, a tuple.
        """
        column = self._columns[name]
        return tuple(i for i, row in enumerate(self._rows[stage]) if self.mask[row, column])

    def num_edges(self, stage):
        """How many edges leave a stage."""
        return len(self._rows[stage])

    def __eq__(self, other):
        return isinstance(other, KeptOperations) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def _key(self):
        return self.mask.tobytes(), self.mask.shape, tuple(self._columns)


def everything(num_edges, operations):
    """All operations on all edges."""
    return KeptOperations(np.ones([num_edges, len(operations)], dtype=bool), operations)


def strongest(strengths, kept, count, decodable):
    """The mask of the `count` strongest of the operations that are kept, on each edge.

    Args:
        strengths: Of the operations, `[edges, operations]`; of equal ones the first counts.
        kept: bool `[edges, operations]`.
        count: How many; an edge with fewer keeps them all.
        decodable: bool `[operations]`: of which at least one stays on each edge.

    Returns:
        bool `[edges, operations]`.
    """
    strengths = np.where(kept, strengths, -np.inf)
    mask = np.zeros_like(kept)
    for row, values in enumerate(strengths):
        first = int(np.argmax(np.where(decodable, values, -np.inf)))
        others = [int(column) for column in np.argsort(-values, kind="stable") if column != first]
        chosen = [first, *others[: count - 1]]
        mask[row, [column for column in chosen if kept[row, column]]] = True
    return mask
