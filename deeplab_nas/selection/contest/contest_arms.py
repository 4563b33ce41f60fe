"""The arms of a contest: what each may train, and within which budget."""

import dataclasses
import itertools

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.errors import UserError
from deeplab_nas.selection.contest import contest_config
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
    """

    kind: str
    repetition: int
    arm: Arm


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
        Entry(kind, repetition, _arm(config, kind, repetition))
        for kind in config.contest.arms
        for repetition in range(config.contest.repetitions)
    ]


def _arm(config, kind, repetition):
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
        return arm
    if kind == contest_config.SEARCH:
        run = config.pool.runs[repetition]
        spent = _steps_of_search(run)
        left = config.budget_steps - spent
        if left < arm.rungs[-1]:
            raise UserError(
                f"Expected --budget_steps above the {spent} steps of the search in {run} and those "
                f"of a training, found {config.budget_steps}."
            )
        return dataclasses.replace(
            arm, pool=_finds(run, left // arm.rungs[0], seed), spent_steps=spent
        )
    pool = config.pool
    count = config.budget_steps // arm.rungs[0]
    first = repetition * _DRAWS + 1
    return dataclasses.replace(
        arm, pool=candidates.drawn(count, pool.num_layers, pool.num_blocks, first)
    )


def _finds(run: str, count: int, seed: int) -> dict[str, Architecture]:
    """So many: what a search has found, what its last epochs had, and changes of its find."""
    found = candidates.of_runs([run])
    (name, find), *_ = found.items()
    # Of those that are drawn many are the same.
    changed = candidates.neighbours({name: find}, _DRAWS_A_CHANGE * count, seed)
    pool = candidates.distinct(found | changed)
    return dict(itertools.islice(pool.items(), count))


def _steps_of_search(run: str) -> int:
    """Optimizer steps of the weights, and of alpha and beta, that a search has taken."""
    directory = RunDirectory(run)
    records = History(directory.history_path).results("epoch", ("step", "epoch"))
    steps, epochs = records[-1]["step"], records[-1]["epoch"]
    alone = directory.settings()["architecture_start_epoch"]
    return steps + steps // epochs * max(epochs - alone, 0)
