"""A table of trained architectures as arrays, from which simulated trainings are drawn."""

import dataclasses

import numpy as np

from deeplab_nas.core import operations
from deeplab_nas.errors import UserError
from deeplab_nas.selection.trained_table import TrainedTable

MULTIPLY_ADDS = "multiply_adds"

_LEAST_ROWS = 10


@dataclasses.dataclass(frozen=True)
class Rows:
    """The architectures that have all trainings.

    Attributes:
        steps: Of the rungs, fewest first; the last are those of the whole training.
        truths: mIoU of an architecture, the mean of its whole trainings, `[rows]`.
        short: What the shorter trainings came to, `[rungs - 1, rows]`.
        scores: What a filter may go by, `[rows]` each by name; higher is better.
        multiply_adds: Of an inference, `[rows]`.
        codes: Path and cell, `[rows, coordinates]`.
        origins: The number of the row in the table; twice where it was drawn twice, `[rows]`.
        seeds_std: Standard deviation between whole trainings of one architecture.
    """

    steps: tuple[int, ...]
    truths: np.ndarray
    short: np.ndarray
    scores: dict[str, np.ndarray]
    multiply_adds: np.ndarray
    codes: np.ndarray
    origins: np.ndarray
    seeds_std: float

    def __len__(self) -> int:
        return len(self.truths)

    @property
    def gains(self) -> np.ndarray:
        """The truths in their standard deviations above their mean."""
        return (self.truths - self.truths.mean()) / self.truths.std(ddof=1)

    def whole(self, chosen: np.ndarray | int, random: np.random.Generator) -> np.ndarray:
        """Draws what whole trainings of rows come to, by a seed that judges nothing."""
        return self.truths[chosen] + self.seeds_std * random.standard_normal(np.shape(chosen))

    def resampled(self, random: np.random.Generator) -> "Rows":
        """Draws as many rows with replacement: another table that might have been trained."""
        drawn = random.integers(len(self), size=len(self))
        return dataclasses.replace(
            self,
            truths=self.truths[drawn],
            short=self.short[:, drawn],
            scores={name: values[drawn] for name, values in self.scores.items()},
            multiply_adds=self.multiply_adds[drawn],
            codes=self.codes[drawn],
            origins=self.origins[drawn],
        )


def of(table: TrainedTable, rungs: tuple[int, ...], seeds_std: float, place: str) -> Rows:
    """Takes the rows of a table that have a training on each rung.

    Args:
        table: The table.
        rungs: Steps of the shorter trainings, fewest first.
        seeds_std: As above.
        place: Where the table lies, for messages.

    Returns:
        The rows. A score that one of them lacks is left out.

    Raises:
        UserError: There are fewer than 10, or they differ in layers or blocks.
    """
    whole = table.mious()
    short = [table.mious(steps) for steps in rungs]
    rows = [row for row in table.architectures if all(row.name in one for one in (whole, *short))]
    if len(rows) < _LEAST_ROWS:
        told = ",".join(map(str, (*rungs, table.whole_steps)))
        raise UserError(
            f"Expected {_LEAST_ROWS} architectures or more in {place} with trainings of {told} "
            f"steps, found {len(rows)}: train more of them, or name other --rungs."
        )
    sizes = {(row.architecture.num_layers, row.architecture.num_blocks) for row in rows}
    if len(sizes) > 1:
        raise UserError(
            f"Expected architectures of one number of layers and blocks in {place}, found "
            f"{sorted(sizes)}: simulate tables of their own."
        )
    counts = np.array([row.multiply_adds for row in rows], np.float64)
    known = [name for name in table.score_names if all(name in row.scores for row in rows)]
    scores = {name: np.array([row.scores[name] for row in rows]) for name in known}
    return Rows(
        steps=(*rungs, table.whole_steps),
        truths=np.array([whole[row.name] for row in rows]),
        short=np.array([[one[row.name] for row in rows] for one in short]).reshape(-1, len(rows)),
        scores={**scores, MULTIPLY_ADDS: counts},
        multiply_adds=counts,
        codes=np.array([_code(row.architecture) for row in rows]),
        origins=np.arange(len(rows)),
        seeds_std=seeds_std,
    )


def _code(architecture):
    """Levels, and states and operations by number; which pair of a block is first says nothing."""
    names = list(operations.TABLE)
    pairs = [
        (state, names.index(name)) for block in architecture.cell for state, name in sorted(block)
    ]
    return [*architecture.path, *(number for pair in pairs for number in pair)]
