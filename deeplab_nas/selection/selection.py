"""A selection from its candidates to its winner: the twin of `python -m deeplab_nas.select`."""

import os
import sys

from deeplab_nas.data import pipeline
from deeplab_nas.engine.runs import run_data
from deeplab_nas.files import atomic
from deeplab_nas.selection import lineup
from deeplab_nas.selection.board import (
    leaderboard,
    leaderboard_page,
    leaderboard_picture,
    results,
    standings,
    winner_card,
)
from deeplab_nas.selection.board.leaderboard import Leaderboard
from deeplab_nas.selection.board.results import ArmOutcome
from deeplab_nas.selection.contest import judging
from deeplab_nas.selection.pool import band, candidates, score_filter
from deeplab_nas.selection.pool.pool_costs import PoolCosts
from deeplab_nas.selection.select_config import SelectConfig
from deeplab_nas.selection.study import study_settings
from deeplab_nas.selection.study.arm_run import ArmRun
from deeplab_nas.selection.study.pulse import Pulse
from deeplab_nas.selection.study.storage import open_storage
from deeplab_nas.selection.study.worker import Worker
from deeplab_nas.selection.trainings.training_rows import TrainingRows

_TRAININGS = "trainings"
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
    entries = lineup.make(config)
    pool = candidates.joined(*(entry.arm.pool for entry in entries))
    scored, latency = bool(config.filter.filter_score), config.band.band == "latency"
    costs = PoolCosts(config, train, config.train_logdir, scored, latency)
    with atomic.new_folder(config.train_logdir, "--train_logdir"):
        within = costs.limits(config.band, pool)
        if within and pool:
            kept = band.kept(within, costs.of(pool))
            print(f"Within the band are {len(kept)} of {len(pool)} candidates.", file=sys.stderr)
            entries = lineup.kept(entries, kept)
        if config.filter.filter_score:
            entries = _filtered(config, entries, within, costs)
        storage = open_storage(config.storage, config.train_logdir)
        study_settings.claim(storage, config, run_data.document(train, val), pool)
    pulse = Pulse(storage, config.train_logdir)
    is_contest = bool(config.contest.arms)
    arm_runs = [
        ArmRun(
            entry.arm,
            storage,
            lineup.space(config.pool, pool),
            pulse,
            range(config.seed, config.seed + config.final_seeds + 1),
            1 if is_contest else config.finalists,
            judged=is_contest,
            accepts=lambda each: within is None or within.include(costs.of({"": each})[""]),
        )
        for entry in entries
    ]
    rows = TrainingRows(config, os.path.join(config.train_logdir, _TRAININGS), config.keep_runs)
    Worker(arm_runs, rows, pulse).run()
    judgements = judging.judge(entries, arm_runs, rows, config.seed) if is_contest else []
    trained = _trained(arm_runs)
    found = results.board(
        _about(config),
        config.all_rungs,
        list(_outcomes(entries, arm_runs, is_contest, train.descriptor.num_classes)),
        trained,
        costs.of(trained),
        config.data.train_batch_size,
        judgements,
    )
    _write(config.train_logdir, found)
    return found


def _filtered(config, entries, within, costs):
    """The entries with what of their pools the score of untrained networks leaves."""
    include = within.include if within and config.band.band != "latency" else lambda _: True
    score_filter.check_gate(config.filter, config.data.dataset, include)
    pool = candidates.joined(*(entry.arm.pool for entry in entries))
    scores = {
        name: getattr(each, config.filter.filter_score) for name, each in costs.of(pool).items()
    }
    kept = score_filter.kept(config.filter, scores)
    print(f"The filter leaves {len(kept)} of {len(pool)} candidates.", file=sys.stderr)
    return lineup.kept(entries, kept)


def _trained(arm_runs):
    """The architectures that were trained, by name."""
    return {
        name: architecture
        for arm_run in arm_runs
        for name, architecture in arm_run.trials.architectures().items()
        if name in {document["candidate"] for document in arm_run.documents()}
    }


def _outcomes(entries, arm_runs, is_contest, num_classes):
    """What each arm came to; runs of one kind are one arm."""
    kinds = {}
    for entry, arm_run in zip(entries, arm_runs, strict=True):
        kinds.setdefault(entry.kind, []).append((entry, arm_run))
    for kind, runs in kinds.items():
        all_of_them = [each for _, run in runs for each in run.documents()]
        searches = [entry.search for entry, _ in runs if entry.search]
        of_rungs = [each for _, run in runs for each in run.documents_of_rungs()]
        yield ArmOutcome(
            kind,
            # What judges is nobody's expense; what chooses among finalists is.
            spent=of_rungs if is_contest else all_of_them,
            others=all_of_them if is_contest else (),
            steps_before=sum(search.steps for search in searches),
            inferences_before=sum(search.multiply_adds(num_classes) for search in searches),
            picks=[name for _, run in runs for name in run.picks()] if is_contest else (),
        )


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
