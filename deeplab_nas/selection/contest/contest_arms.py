"""The arms of a contest: what each may train, and within which budget."""

import dataclasses
import itertools

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.errors import UserError
from deeplab_nas.selection.contest import contest_config, spent_search
from deeplab_nas.selection.contest.spent_search import SpentSearch
from deeplab_nas.selection.pool import candidates
from deeplab_nas.selection.select_config import SelectConfig
from deeplab_nas.selection.study import arm as arms
from deeplab_nas.selection.study.arm import Arm

_BY_RUNGS = (contest_config.HALVING, contest_config.SEARCH)
_SAMPLERS = {contest_config.TPE: arms.TPE, contest_config.EVOLUTION: arms.EVOLUTION}
# Between the seeds of the draws of two repetitions.
_DRAWS = 1_000_000
_DRAWS_A_CHANGE = 4


@dataclasses.dataclass(frozen=True)
class Entry:
    """One run of one way of choosing.

    Attributes:
        kind: The way, one of `contest_config.ARMS`.
        repetition: Which run of it, from 0.
        arm: What it trains.
        search: What the search has spent that it begins with; None where it begins with none.
    """

    kind: str
    repetition: int
    arm: Arm
    search: SpentSearch | None = None


def make(config: SelectConfig) -> list[Entry]:
    """Makes the entries, arm by arm.

    In each repetition the arms that draw get the same architectures in the same order, so that the
    luck of the draw is in no difference between them.

    Args:
        config: A `SelectConfig` with arms.

    Returns:
        The entries, their pools as large as the budget could ever need.

    Raises:
        UserError: A run is none of a search that has found something, or took the whole budget.
    """
    return [
        _entry(config, kind, repetition)
        for kind in config.contest.arms
        for repetition in range(config.contest.repetitions)
    ]


def _entry(config, kind, repetition):
    seed = config.seed + repetition
    arm = Arm(
        name=f"{kind} {repetition + 1}",
        rungs=config.all_rungs if kind in _BY_RUNGS else config.all_rungs[-1:],
        reduction_factor=config.reduction_factor,
        pool={},
        sampler=_SAMPLERS.get(kind, ""),
        proposed=f"{kind}_{repetition + 1}",
        seed=seed,
        budget_steps=config.budget_steps,
    )
    if arm.sampler:
        return Entry(kind, repetition, arm)
    if kind == contest_config.SEARCH:
        run = config.pool.runs[repetition]
        search = spent_search.of(run)
        left = config.budget_steps - search.steps
        if left < arm.rungs[-1]:
            raise UserError(
                f"Expected --budget_steps above the {search.steps} steps of the search in {run} "
                f"and those of a training, found {config.budget_steps}."
            )
        pool = _finds(run, left // arm.rungs[0], seed)
        arm = dataclasses.replace(arm, pool=pool, spent_steps=search.steps)
        return Entry(kind, repetition, arm, search)
    pool = candidates.drawn(
        config.budget_steps // arm.rungs[0],
        config.pool.num_layers,
        config.pool.num_blocks,
        repetition * _DRAWS + 1,
    )
    return Entry(kind, repetition, dataclasses.replace(arm, pool=pool))


def _finds(run: str, count: int, seed: int) -> dict[str, Architecture]:
    """So many: what a search has found, what its last epochs had, and changes of its find."""
    found = candidates.of_runs([run])
    (name, find), *_ = found.items()
    # Of those that are drawn many are the same.
    changed = candidates.neighbours({name: find}, _DRAWS_A_CHANGE * count, seed)
    pool = candidates.distinct(found | changed)
    return dict(itertools.islice(pool.items(), count))
