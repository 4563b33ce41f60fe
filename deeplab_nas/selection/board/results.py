"""What the trainings of a selection came to, as a leaderboard."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.selection.board import standings
from deeplab_nas.selection.board.leaderboard import Arm, Candidate, Leaderboard
from deeplab_nas.selection.evidence.trained_table import Training

# A step backward costs about two forward: the gradients of the weights and of the feature maps.
_FORWARD_AND_BACKWARD = 3


class Costs(Protocol):
    """What a network costs, as `network_cost.Cost` has it."""

    multiply_adds: int
    parameters: int
    activation_bytes: int


def board(
    about: Mapping[str, str],
    rungs: Sequence[int],
    arm: str,
    documents: Iterable[Mapping[str, Any]],
    architectures: Mapping[str, Architecture],
    costs: Mapping[str, Costs],
    batch_size: int,
) -> Leaderboard:
    """Makes the leaderboard of an arm.

    Args:
        about: Facts by name.
        rungs: Steps of the trainings, ascending.
        arm: Name of the arm.
        documents: Of the trainings, as `TrainingRows.train` returns them.
        architectures: Of the candidates that were trained, by name.
        costs: What each of them costs, for one image of the size that is trained on.
        batch_size: Images a step.

    Returns:
        The leaderboard.
    """
    trained: dict[str, list[Training]] = {}
    for document in documents:
        fields = {name: document[name] for name in ("seed", "steps", "miou", "class_iou")}
        training = Training(**fields, seconds=document["seconds"])
        trained.setdefault(document["candidate"], []).append(training)
    found = tuple(
        Candidate(
            name=name,
            arm=arm,
            architecture=architectures[name],
            multiply_adds=costs[name].multiply_adds,
            parameters=costs[name].parameters,
            activation_bytes=costs[name].activation_bytes,
            trainings=tuple(trainings),
        )
        for name, trainings in trained.items()
    )
    steps = {each.name: sum(training.steps for training in each.trainings) for each in found}
    images = batch_size * _FORWARD_AND_BACKWARD
    spent = Arm(
        name=arm,
        networks=len(found),
        steps=sum(steps.values()),
        multiply_adds=sum(each.multiply_adds * steps[each.name] * images for each in found),
        seconds=sum(training.seconds for each in found for training in each.trainings),
    )
    whole = Leaderboard(about, tuple(rungs), found, (spent,))
    best = standings.rank(whole)[0].candidate.name if found else None
    return dataclasses.replace(whole, arms=(dataclasses.replace(spent, best=best),))
