"""Tables of trained architectures whose numbers are chosen and not trained."""

from collections.abc import Mapping, Sequence

from deeplab_nas.core import random_architecture
from deeplab_nas.selection.evidence.trained_table import TrainedArchitecture, TrainedTable, Training

WHOLE = 400


def row(
    name: str,
    whole: Sequence[float],
    short: Mapping[int, float] | None = None,
    architecture=None,
    scores: Mapping[str, float] | None = None,
    multiply_adds: int = 1000,
) -> TrainedArchitecture:
    """An architecture whose whole trainings have the seeds 1, 2, ..., and the short ones seed 1."""
    trained = [(seed, WHOLE, miou) for seed, miou in enumerate(whole, start=1)]
    trained += [(1, steps, miou) for steps, miou in (short or {}).items()]
    return TrainedArchitecture(
        name=name,
        architecture=architecture or random_architecture.draw(1, 2, 2),
        multiply_adds=multiply_adds,
        parameters=10,
        activation_bytes=100,
        scores=scores or {},
        trainings=tuple(
            Training(seed, steps, float(miou), {"sky": 0.5}, 1.5) for seed, steps, miou in trained
        ),
    )


def table(rows: Sequence[TrainedArchitecture]) -> TrainedTable:
    """A table of the rows."""
    return TrainedTable({"recipe": "made"}, tuple(rows))
