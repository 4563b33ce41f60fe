"""Which arms a selection has, and what each of them may train."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

from optuna.distributions import BaseDistribution

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.selection.contest import contest_arms
from deeplab_nas.selection.contest.contest_arms import Entry
from deeplab_nas.selection.pool import candidates
from deeplab_nas.selection.select_config import PoolConfig, SelectConfig
from deeplab_nas.selection.study import search_space
from deeplab_nas.selection.study.arm import Arm

# The one arm of a selection that compares none.
_ALONE = "select"


def make(config: SelectConfig) -> list[Entry]:
    """Makes the arms of a contest, or the one of a selection.

    Args:
        config: A `SelectConfig`.

    Raises:
        UserError: A file or a run is none of an architecture, or two candidates have one name.
    """
    if config.contest.arms:
        return contest_arms.make(config)
    arm = Arm(
        _ALONE,
        config.all_rungs,
        config.reduction_factor,
        pool_of(config.pool, config.seed),
        config.pool.sampler,
        most_proposals=config.pool.proposals,
        seed=config.seed,
        budget_steps=config.budget_steps,
    )
    return [Entry(_ALONE, 0, arm)]


def pool_of(config: PoolConfig, seed: int) -> dict[str, Architecture]:
    """The candidates that a configuration names, each once.

    Args:
        config: The configuration.
        seed: Seed of the changes of `--mutate`.

    Returns:
        Architectures by name.

    Raises:
        UserError: A file or a run is none of an architecture.
    """
    given = candidates.given(config.architectures)
    found = candidates.of_runs(config.runs)
    changed = candidates.neighbours(given | found, config.mutate, seed)
    if config.all_paths:
        given = candidates.on_all_paths(given)
    drawn = candidates.drawn(config.random, config.num_layers, config.num_blocks)
    return candidates.joined(given, found, changed, drawn)


def kept(entries: Sequence[Entry], names: Collection[str]) -> list[Entry]:
    """The entries with those of their pools that have these names."""
    return [
        dataclasses.replace(
            entry,
            arm=dataclasses.replace(
                entry.arm,
                pool={name: each for name, each in entry.arm.pool.items() if name in names},
            ),
        )
        for entry in entries
    ]


def space(config: PoolConfig, pool: Mapping[str, Architecture]) -> dict[str, BaseDistribution]:
    """What a sampler chooses from, with everything that the pool has."""
    num_layers = max([config.num_layers, *(each.num_layers for each in pool.values())])
    num_blocks = max([config.num_blocks, *(each.num_blocks for each in pool.values())])
    of_pool = {name for each in pool.values() for pairs in each.cell for _, name in pairs}
    names = [*SEARCH_OPERATIONS, *sorted(of_pool - set(SEARCH_OPERATIONS))]
    return search_space.distributions(num_layers, num_blocks, names)
