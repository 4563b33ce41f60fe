"""Who is ahead on a leaderboard, and how sure that is over the seeds of the trainings."""

import dataclasses
import itertools
import math

from scipy import stats

from deeplab_nas.selection.board.leaderboard import Candidate, Leaderboard
from deeplab_nas.selection.evidence.trained_table import Training

Interval = tuple[float, float]

_CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where a candidate stands.

    Attributes:
        candidate: The network.
        steps: The highest rung that it has reached; 0 if it was not trained.
        trainings: Its trainings of that many steps.
        miou: Their mean mIoU; None if it was not trained.
        interval: The 95% interval of that mean over seeds; None where nothing tells it.
    """

    candidate: Candidate
    steps: int
    trainings: tuple[Training, ...]
    miou: float | None
    interval: Interval | None

    @property
    def class_iou(self) -> dict[str, float]:
        """The mean IoU of each class over the trainings that have it, by name."""
        found: dict[str, list[float]] = {}
        for training in self.trainings:
            for name, iou in training.class_iou.items():
                found.setdefault(name, []).append(iou)
        return {name: math.fsum(values) / len(values) for name, values in found.items()}


@dataclasses.dataclass(frozen=True)
class Lead:
    """How far one candidate is ahead of another.

    Attributes:
        steps: The highest rung that both have reached, where they are compared.
        miou: Difference of their mean mIoU.
        interval: Its 95% interval over seeds; None where no network has two trainings there.
    """

    steps: int
    miou: float
    interval: Interval | None


def rank(board: Leaderboard) -> tuple[Standing, ...]:
    """Ranks the candidates: by how far they have come, then the mean mIoU there, then by name.

    Further has come what was trained on a higher rung, and on the same one by more seeds: of what
    was chosen by one training each, the mean of several is below the luck of one.

    The interval of a mean is Student's t with the standard deviation between seeds pooled over all
    candidates with more than one training of as many steps: those of one candidate alone are too
    few to tell it.

    Args:
        board: The leaderboard.

    Returns:
        A standing for each candidate, the best first; those that were not trained come last.
    """
    standings = (_standing(board, candidate) for candidate in board.candidates)
    return tuple(sorted(standings, key=_order))


def lead(board: Leaderboard, first: Candidate, second: Candidate) -> Lead | None:
    """Computes how far `first` is ahead of `second`.

    The interval is Student's t with the standard deviation between seeds pooled over all
    candidates of the rung, which it takes to be the same for all.

    Args:
        board: The leaderboard, which has both.
        first: A candidate.
        second: Another one.

    Returns:
        The lead; None if no rung has both.
    """
    shared = {each.steps for each in first.trainings} & {each.steps for each in second.trainings}
    if not shared:
        return None
    steps = max(shared)
    values = [_mious(candidate, steps) for candidate in (first, second)]
    difference = _mean(values[0]) - _mean(values[1])
    error = math.sqrt(sum(1 / len(each) for each in values))
    pooled = _pooled(board, steps)
    return Lead(steps, difference, _interval(difference, error, *pooled) if pooled else None)


def _standing(board: Leaderboard, candidate: Candidate) -> Standing:
    steps = max((training.steps for training in candidate.trainings), default=0)
    trainings = tuple(each for each in candidate.trainings if each.steps == steps)
    if not trainings:
        return Standing(candidate, 0, (), None, None)
    values = _mious(candidate, steps)
    mean = _mean(values)
    interval = None
    pooled = _pooled(board, steps)
    if pooled:
        low, high = _interval(mean, math.sqrt(1 / len(values)), *pooled)
        # No mean IoU is outside.
        interval = max(low, 0.0), min(high, 1.0)
    return Standing(candidate, steps, trainings, mean, interval)


def _order(standing):
    return -standing.steps, -len(standing.trainings), -(standing.miou or 0), _name(standing)


def _name(standing: Standing) -> str:
    return standing.candidate.name


def _mious(candidate: Candidate, steps: int) -> list[float]:
    return [training.miou for training in candidate.trainings if training.steps == steps]


def _mean(values: list[float]) -> float:
    # Exact, so that the same values in another order have the same rank.
    return math.fsum(values) / len(values)


def _pooled(board: Leaderboard, steps: int) -> tuple[float, int] | None:
    """The standard deviation between seeds at a rung, and its degrees of freedom."""
    repeats = [_mious(candidate, steps) for candidate in board.candidates]
    repeats = [values for values in repeats if len(values) > 1]
    if not repeats:
        return None
    deviations = [[value - _mean(values) for value in values] for values in repeats]
    freedom = sum(len(values) - 1 for values in repeats)
    squares = (deviation**2 for deviation in itertools.chain.from_iterable(deviations))
    return math.sqrt(math.fsum(squares) / freedom), freedom


def _interval(mean: float, error: float, deviation: float, freedom: int) -> Interval:
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, freedom)) * deviation * error
    return mean - reach, mean + reach
