"""A table of trained architectures as arrays, from which simulated trainings are drawn.

What chooses and what judges have to be two trainings. The table's judge, and so what an arm sees of
a whole training is drawn as another seed would show it, given what the table's showed: about a mean
that lies nearer to that of all architectures, the more so the more seeds differ (the posterior
predictive distribution of normal architectures and seeds). Noise added to the table's own value
would count the noise of seeds twice.
"""

import dataclasses

import numpy as np

from deeplab_nas.core import operations
from deeplab_nas.errors import UserError
from deeplab_nas.selection.evidence.trained_table import TrainedTable

MULTIPLY_ADDS = "multiply_adds"

_LEAST_ROWS = 10


@dataclasses.dataclass(frozen=True)
class Rows:
    """The architectures that have all trainings.

    Attributes:
        steps: Of the rungs, fewest first; the last are those of the whole training.
        truths: What an architecture is judged by, the mean of its whole trainings, `[rows]`.
        expected: Mean of a whole training by another seed, given those of the table, `[rows]`.
        spread: Standard deviation of such a training, `[rows]`.
        short: What the shorter trainings came to, `[rungs - 1, rows]`.
        scores: What a filter may go by, `[rows]` each by name; higher is better.
        multiply_adds: Of an inference, `[rows]`.
        codes: Path and cell, `[rows, coordinates]`.
        origins: The number of the row in the table; twice where it was drawn twice, `[rows]`.
        std: Standard deviation between architectures, without that between seeds.
    """

    steps: tuple[int, ...]
    truths: np.ndarray
    expected: np.ndarray
    spread: np.ndarray
    short: np.ndarray
    scores: dict[str, np.ndarray]
    multiply_adds: np.ndarray
    codes: np.ndarray
    origins: np.ndarray
    std: float

    def __len__(self) -> int:
        return len(self.truths)

    @property
    def gains(self) -> np.ndarray:
        """The truths above their mean, in standard deviations of the architectures."""
        return (self.truths - self.truths.mean()) / self.std

    @property
    def best(self) -> float:
        """The expected gain of the row of which most is expected, about what there is to gain."""
        return float((self.expected.max() - self.expected.mean()) / self.std)

    def whole(self, chosen: np.ndarray | int, random: np.random.Generator) -> np.ndarray:
        """Draws what whole trainings of rows come to, by a seed that judges nothing."""
        errors = random.standard_normal(np.shape(chosen))
        return self.expected[chosen] + self.spread[chosen] * errors

    def resampled(self, random: np.random.Generator) -> "Rows":
        """Draws as many rows with replacement: another table that might have been trained."""
        drawn = random.integers(len(self), size=len(self))
        return dataclasses.replace(
            self,
            truths=self.truths[drawn],
            expected=self.expected[drawn],
            spread=self.spread[drawn],
            short=self.short[:, drawn],
            scores={name: values[drawn] for name, values in self.scores.items()},
            multiply_adds=self.multiply_adds[drawn],
            codes=self.codes[drawn],
            origins=self.origins[drawn],
        )


def of(
    table: TrainedTable,
    rungs: tuple[int, ...],
    architectures_std: float,
    seeds_std: float,
    place: str,
) -> Rows:
    """Takes the rows of a table that have a training on each rung.

    Args:
        table: The table.
        rungs: Steps of the shorter trainings, fewest first.
        architectures_std: Standard deviation between architectures, without the seeds'.
        seeds_std: That between trainings of one architecture.
        place: Where the table lies, for messages.

    Returns:
        The rows. A score that one of them lacks is left out.

    Raises:
        UserError: There are fewer than 10, they differ in layers or blocks, or in nothing but
            what seeds make.
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
    if not architectures_std:
        raise UserError(
            f"Expected architectures in {place} that differ by more than seeds do, found none that "
            "an arm could choose: train them by another recipe."
        )
    counts = np.array([row.multiply_adds for row in rows], np.float64)
    known = [name for name in table.score_names if all(name in row.scores for row in rows)]
    scores = {name: np.array([row.scores[name] for row in rows]) for name in known}
    truths = np.array([whole[row.name] for row in rows])
    between, within = architectures_std**2, seeds_std**2
    trainings = np.array([len(row.by_seed(table.whole_steps)) for row in rows])
    reliability = between / (between + within / trainings)
    return Rows(
        steps=(*rungs, table.whole_steps),
        truths=truths,
        expected=truths.mean() + reliability * (truths - truths.mean()),
        spread=np.sqrt(between * (1 - reliability) + within),
        short=np.array([[one[row.name] for row in rows] for one in short]).reshape(-1, len(rows)),
        scores={**scores, MULTIPLY_ADDS: counts},
        multiply_adds=counts,
        codes=np.array([_code(row.architecture) for row in rows]),
        origins=np.arange(len(rows)),
        std=architectures_std,
    )


def _code(architecture):
    """Levels, and states and operations by number; which pair of a block is first says nothing."""
    names = list(operations.TABLE)
    pairs = [
        (state, names.index(name)) for block in architecture.cell for state, name in sorted(block)
    ]
    return [*architecture.path, *(number for pair in pairs for number in pair)]
