"""One way of choosing: which training comes next, given what has come of the others."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.selection.study import promotion

# The samplers of Optuna that propose architectures.
RANDOM, TPE, EVOLUTION = "random", "tpe", "evolution"
SAMPLERS = (RANDOM, TPE, EVOLUTION)


@dataclasses.dataclass(frozen=True)
class Arm:
    """A pool of candidates, who adds to it, and how long each is trained.

    Attributes:
        name: Of the arm.
        rungs: Steps of the trainings, ascending; the last ones are whole. Of the candidates of a
            rung a share is trained for the next one.
        reduction_factor: The inverse of that share.
        pool: Candidates by name, in the order in which they are tried.
        sampler: Who proposes more when the pool is used up; empty: nobody.
        proposed: What its proposals are called, with a number after it.
        most_proposals: How many at most; 0: as many as the budget allows.
        seed: Of the proposals.
        budget_steps: Training steps that may be spent; 0: until everything is tried.
        spent_steps: Those that were spent before, such as by a search.
    """

    name: str
    rungs: Sequence[int]
    reduction_factor: int
    pool: Mapping[str, Architecture]
    sampler: str = ""
    proposed: str = "proposal"
    most_proposals: int = 0
    seed: int = 1
    budget_steps: int = 0
    spent_steps: int = 0


@dataclasses.dataclass(frozen=True)
class Next:
    """What to train next.

    Attributes:
        rung: Index of the rung.
        candidate: Name of the candidate.
        is_proposed: Whether the arm's sampler is asked for it.
    """

    rung: int
    candidate: str
    is_proposed: bool = False


def next_training(
    arm: Arm, finished: Sequence[Mapping[str, float]], begun: Sequence[Sequence[str]]
) -> Next | None:
    """Decides as ASHA does (Li et al., MLSys 2020, algorithm 2): promote, and else begin a new one.

    Args:
        arm: The arm.
        finished: Mean IoU by candidate for each rung, in the order in which they were begun.
        begun: What is trained or being trained, for each rung.

    Returns:
        The next training; None where there is none, or none before another has ended.
    """
    promoted = promotion.promotable(finished, begun, arm.reduction_factor)
    if promoted:
        candidate, rung = promoted
        return Next(rung, candidate) if _affords(arm, begun, rung) else None
    if not _affords(arm, begun, 0):
        return None
    for candidate in arm.pool:
        if candidate not in begun[0]:
            return Next(0, candidate)
    proposals = len(set(begun[0]) - arm.pool.keys())
    if arm.sampler and (not arm.most_proposals or proposals < arm.most_proposals):
        taken = {*arm.pool, *begun[0]}
        names = (f"{arm.proposed}_{number}" for number in itertools.count(proposals + 1))
        return Next(0, next(name for name in names if name not in taken), is_proposed=True)
    return None


def spent_steps(arm: Arm, begun: Sequence[Sequence[str]]) -> int:
    """Training steps that an arm has spent or is spending, with those of before."""
    trained = sum(len(names) * steps for names, steps in zip(begun, arm.rungs, strict=True))
    return arm.spent_steps + trained


def best(finished: Sequence[Mapping[str, float]], count: int = 1) -> list[str]:
    """The best candidates of the highest rung, then those of the one below, and so on.

    Args:
        finished: As above.
        count: How many at most.

    Returns:
        Their names, the best one first; of equal ones the one that was begun first.
    """
    names: dict[str, None] = {}
    for values in reversed(finished):
        names.update(dict.fromkeys(sorted(values, key=lambda name: -values[name])))
    return list(names)[:count]


def _affords(arm, begun, rung):
    return not arm.budget_steps or (spent_steps(arm, begun) + arm.rungs[rung] <= arm.budget_steps)
