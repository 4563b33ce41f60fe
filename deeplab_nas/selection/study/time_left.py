"""How long a selection will still take: an estimate that gets better as it goes on."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deeplab_nas.selection.study import arm as arms
from deeplab_nas.selection.study.arm import Arm


def trainings_left(
    arm: Arm, finished: Sequence[Mapping[str, float]], begun: Sequence[Sequence[str]]
) -> list[int]:
    """Estimates how many trainings of each rung have not ended yet.

    Of each rung a share is promoted, and those that were promoted beyond that share are counted as
    they are. Where only a budget ends the arm, it is taken to be spent on the first rung.

    Args:
        arm: The arm.
        finished: Mean IoU by candidate for each rung.
        begun: What is trained or being trained, for each rung.

    Returns:
        Numbers of trainings, by rung.
    """
    if arm.sampler and not arm.most_proposals:
        affordable = (arm.budget_steps - arms.spent_steps(arm, begun)) // arm.rungs[0]
        expected = [len(begun[0]) + max(affordable, 0), *map(len, begun[1:])]
    else:
        expected = [max(len(arm.pool) + arm.most_proposals, len(begun[0]))]
        for names in begun[1:]:
            expected.append(max(expected[-1] // arm.reduction_factor, len(names)))
    return [count - len(done) for count, done in zip(expected, finished, strict=True)]


def mean_seconds(documents: Iterable[Mapping[str, Any]]) -> dict[int, float]:
    """The mean time of a training by its steps, of what came of trainings."""
    times: dict[int, list[float]] = {}
    for document in documents:
        times.setdefault(document["steps"], []).append(document["seconds"])
    return {steps: statistics.mean(some) for steps, some in times.items()}


def seconds_left(rungs: Sequence[int], left: Sequence[int], seconds: Mapping[int, float]) -> float:
    """Estimates the time that trainings take.

    Args:
        rungs: Steps of each rung, ascending.
        left: Numbers of trainings, by rung.
        seconds: Mean time of a training by its steps, one at least; of other steps the time is in
            proportion to the nearest.

    Returns:
        Seconds.
    """

    def of(steps):
        nearest = min(seconds, key=lambda known: abs(known - steps))
        return seconds[nearest] * steps / nearest

    return sum(count * of(steps) for steps, count in zip(rungs, left, strict=True))
