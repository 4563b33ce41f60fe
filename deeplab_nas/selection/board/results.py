"""What the trainings of a selection came to, as a leaderboard."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.selection.board import standings
from deeplab_nas.selection.board.judgement import Judgement
from deeplab_nas.selection.board.leaderboard import Arm, Candidate, Leaderboard
from deeplab_nas.selection.evidence.trained_table import Training
from deeplab_nas.selection.pool.filter_config import SCORES

# A step backward costs about two forward: the gradients of the weights and of the feature maps.
_FORWARD_AND_BACKWARD = 3


class Costs(Protocol):
    """What a network costs, as `network_cost.Cost` has it."""

    multiply_adds: int
    parameters: int
    activation_bytes: int


@dataclasses.dataclass(frozen=True)
class ArmOutcome:
    """What an arm came to, of one run of it or of several.

    Attributes:
        name: Of the arm.
        spent: Documents of the trainings that it has spent, as `TrainingRows.train` returns them.
        others: Those of trainings that are not its own, such as those that judge what it picks.
        steps_before: Training steps spent before, such as by a search.
        inferences_before: Multiply-adds of their forward passes.
        picks: Names of the candidates that its runs end with; of a selection, where the leaderboard
            says which one that is, empty.
    """

    name: str
    spent: Sequence[Mapping[str, Any]]
    others: Sequence[Mapping[str, Any]] = ()
    steps_before: int = 0
    inferences_before: int = 0
    picks: Sequence[str] = ()


def board(
    about: Mapping[str, str],
    rungs: Sequence[int],
    outcomes: Sequence[ArmOutcome],
    architectures: Mapping[str, Architecture],
    costs: Mapping[str, Costs],
    batch_size: int,
    judgements: Sequence[Judgement] = (),
) -> Leaderboard:
    """Makes the leaderboard of arms.

    Args:
        about: Facts by name.
        rungs: Steps of the trainings, ascending.
        outcomes: Of the arms. What several have trained is a candidate of the first of them, and
            counts as spent by each.
        architectures: Of the candidates that were trained, by name.
        costs: What each of them costs, for one image of the size that is trained on.
        batch_size: Images a step.
        judgements: What the arms' picks are worth.

    Returns:
        The leaderboard.
    """
    arms: dict[str, str] = {}
    trained: dict[str, dict[tuple[int, int], Training]] = {}
    for outcome in outcomes:
        for document in (*outcome.spent, *outcome.others):
            name = document["candidate"]
            arms.setdefault(name, outcome.name)
            training = _training(document)
            trained.setdefault(name, {})[training.seed, training.steps] = training
    found = tuple(
        Candidate(
            name=name,
            arm=arms[name],
            architecture=architectures[name],
            multiply_adds=costs[name].multiply_adds,
            parameters=costs[name].parameters,
            activation_bytes=costs[name].activation_bytes,
            scores=scores(costs[name]),
            trainings=tuple(trainings.values()),
        )
        for name, trainings in trained.items()
    )
    spent = tuple(_spent(outcome, costs, batch_size) for outcome in outcomes)
    whole = Leaderboard(about, tuple(rungs), found, spent, tuple(judgements))
    places = [standing.candidate.name for standing in standings.rank(whole)]
    bests = (
        next((name for name in places if name in outcome.picks or not outcome.picks), None)
        for outcome in outcomes
    )
    with_bests = (
        dataclasses.replace(arm, best=best) for arm, best in zip(spent, bests, strict=True)
    )
    return dataclasses.replace(whole, arms=tuple(with_bests))


def scores(costs: Costs) -> dict[str, float]:
    """The scores that were computed, by name; an infinite one is none that JSON has."""
    found = ((name, getattr(costs, name, None)) for name in SCORES)
    return {name: score for name, score in found if score is not None and math.isfinite(score)}


def _training(document):
    names = ("seed", "steps", "miou", "class_iou", "seconds")
    return Training(**{name: document[name] for name in names})


def _spent(outcome, costs, batch_size):
    steps = [(document["candidate"], document["steps"]) for document in outcome.spent]
    inferences = sum(costs[name].multiply_adds * count * batch_size for name, count in steps)
    return Arm(
        name=outcome.name,
        networks=len({name for name, _ in steps}),
        steps=outcome.steps_before + sum(count for _, count in steps),
        multiply_adds=(outcome.inferences_before + inferences) * _FORWARD_AND_BACKWARD,
        seconds=sum(document["seconds"] for document in outcome.spent),
    )
