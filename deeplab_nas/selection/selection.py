"""A selection from its candidates to its winner: the twin of `python -m deeplab_nas.select`."""

import os
import sys

import filelock

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.data import pipeline
from deeplab_nas.data.split import Split
from deeplab_nas.engine.runs import run_data
from deeplab_nas.files import atomic
from deeplab_nas.selection.board import (
    leaderboard,
    leaderboard_page,
    leaderboard_picture,
    results,
    standings,
    winner_card,
)
from deeplab_nas.selection.board.leaderboard import Leaderboard
from deeplab_nas.selection.pool import band, candidate_costs, candidates
from deeplab_nas.selection.pool.candidate_costs import Asked, Costs
from deeplab_nas.selection.select_config import PoolConfig, SelectConfig
from deeplab_nas.selection.study import search_space, study_settings
from deeplab_nas.selection.study.arm import Arm
from deeplab_nas.selection.study.arm_run import ArmRun
from deeplab_nas.selection.study.pulse import Pulse
from deeplab_nas.selection.study.storage import open_storage
from deeplab_nas.selection.study.worker import Worker
from deeplab_nas.selection.trainings.training_rows import TrainingRows

_ARM = "select"
_COSTS, _TRAININGS = "costs.json", "trainings"
# The architecture of the winner, in the folder.
WINNER = "architecture.json"


def run(config: SelectConfig) -> Leaderboard:
    """Selects, or goes on with the selection that the folder and the storage hold.

    Args:
        config: A `SelectConfig`, the folder of its data filled in.

    Returns:
        What was trained and spent, as `leaderboard.json` in `config.train_logdir` has it.

    Raises:
        UserError: The candidates, the data or the storage do not fit, or the selection there was
            begun with other settings.
        StoppedError: A signal came, and the training that was going on was saved.
    """
    train, val = pipeline.splits(config.data)
    pool = pool_of(config.pool, config.seed)
    costs = _Costs(config, train)
    with atomic.new_folder(config.train_logdir, "--train_logdir"):
        pool = _within(config, pool, costs)
        storage = open_storage(config.storage, config.train_logdir)
        study_settings.claim(storage, config, run_data.document(train, val), pool)
    pulse = Pulse(storage, config.train_logdir)
    arm = Arm(
        _ARM,
        config.all_rungs,
        config.reduction_factor,
        pool,
        config.pool.sampler,
        config.pool.proposals,
        config.seed,
        config.budget_steps,
    )
    seeds = range(config.seed, config.seed + config.final_seeds + 1)
    arm_run = ArmRun(arm, storage, _space(config.pool, pool), pulse, seeds, config.finalists)
    rows = TrainingRows(config, os.path.join(config.train_logdir, _TRAININGS), config.keep_runs)
    Worker([arm_run], rows, pulse).run()
    documents = arm_run.documents()
    names = {document["candidate"] for document in documents}
    trained = {name: each for name, each in arm_run.trials.architectures().items() if name in names}
    found = results.board(
        _about(config),
        arm.rungs,
        _ARM,
        documents,
        trained,
        costs.of(trained),
        config.data.train_batch_size,
    )
    _write(config.train_logdir, found)
    return found


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
    return candidates.distinct(given | found | changed | drawn)


class _Costs:
    """What candidates cost, measured when it is asked for."""

    def __init__(self, config: SelectConfig, train: Split):
        self._asked = Asked(
            config.network,
            train.descriptor.num_classes,
            config.data.train_crop_size,
            latency=config.band.band == "latency",
            precision=config.mixed_precision,
        )
        self._cache = os.path.join(config.train_logdir, _COSTS)

    def of(self, architectures: dict[str, Architecture]) -> dict[str, Costs]:
        """The costs of candidates by name, of one image of the size of a crop."""
        # Of several programs that begin at once one measures, and the others read what it found.
        with filelock.FileLock(f"{self._cache}.lock"):
            measured = candidate_costs.measure(
                list(architectures.values()), self._asked, self._cache
            )
        return dict(zip(architectures, measured, strict=True))


def _within(config, pool, costs):
    """The candidates within the band."""
    if not config.band.band:
        return pool
    middle = None
    if config.band.band_middle_path:
        middle = costs.of({"": nas_genotypes.resolve(config.band.band_middle_path)})[""]
    kept = band.kept(config.band, costs.of(pool), middle)
    print(f"Within the band are {len(kept)} of {len(pool)} candidates.", file=sys.stderr)
    return {name: pool[name] for name in kept}


def _space(config, pool):
    """What a sampler chooses from, with everything that the pool has."""
    num_layers = max([config.num_layers, *(each.num_layers for each in pool.values())])
    num_blocks = max([config.num_blocks, *(each.num_blocks for each in pool.values())])
    of_pool = {name for each in pool.values() for pairs in each.cell for _, name in pairs}
    names = [*SEARCH_OPERATIONS, *sorted(of_pool - set(SEARCH_OPERATIONS))]
    return search_space.distributions(num_layers, num_blocks, names)


def _about(config):
    return {
        "data set": config.data.dataset,
        "split that is trained on": config.data.train_split,
        "split that chooses": config.data.val_split,
        "filter multiplier": str(config.network.filter_multiplier),
        "crop": ", ".join(map(str, config.data.train_crop_size)),
        "seed": str(config.seed),
    }


def _write(folder, board):
    """Everything that a selection leaves when it has ended."""
    board.save(os.path.join(folder, leaderboard.FILE))
    leaderboard_page.write(os.path.join(folder, leaderboard_page.FILE), board)
    leaderboard_picture.write(os.path.join(folder, leaderboard_picture.FILE), board)
    winner_card.write(folder, board)
    standings.rank(board)[0].candidate.architecture.save(os.path.join(folder, WINNER))
