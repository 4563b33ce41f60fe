"""What the picks of arms are worth, beside those of random draws."""

from collections.abc import Mapping, Sequence

import numpy as np

from deeplab_nas.engine.scoring import metrics
from deeplab_nas.errors import UserError
from deeplab_nas.selection.board.judgement import Judgement, Lead
from deeplab_nas.selection.contest import contest_config
from deeplab_nas.selection.contest.contest_arms import Entry
from deeplab_nas.selection.evidence import statistics
from deeplab_nas.selection.study.arm_run import ArmRun
from deeplab_nas.selection.trainings.training_rows import TrainingRows


def judge(
    entries: Sequence[Entry], arm_runs: Sequence[ArmRun], rows: TrainingRows, seed: int
) -> list[Judgement]:
    """Judges the picks of arms that have ended.

    Args:
        entries: The runs of the arms.
        arm_runs: Each of them at its end, in the same order.
        rows: Where the trainings are.
        seed: Of the bootstrap.

    Returns:
        A judgement for each arm, in the order of the entries.

    Raises:
        UserError: What the judging trainings made of the images is not there, or of other images.
    """
    picks: dict[str, list[str]] = {}
    matrices: dict[str, list[np.ndarray]] = {}
    for entry, arm_run in zip(entries, arm_runs, strict=True):
        (pick,) = arm_run.picks()
        picks.setdefault(entry.kind, []).append(pick)
        matrices.setdefault(entry.kind, []).append(_matrices(arm_run, pick, rows))
    stacked = {kind: np.stack(found) for kind, found in matrices.items()}
    mious = {
        kind: [[metrics.mean_iou(each) for each in seeds] for seeds in found.sum(axis=2)]
        for kind, found in stacked.items()
    }
    means = {kind: [float(np.mean(seeds)) for seeds in found] for kind, found in mious.items()}
    return [
        Judgement(
            arm=kind,
            picks=tuple(picks[kind]),
            mious=tuple(means[kind]),
            seeds=found.shape[1],
            lead=None if kind == contest_config.RANDOM else _lead(kind, stacked, means, seed),
        )
        for kind, found in stacked.items()
    ]


def _matrices(arm_run: ArmRun, pick: str, rows: TrainingRows) -> np.ndarray:
    """Confusion matrices of a pick, `[seeds, images, classes, classes]`."""
    found = [rows.image_matrices(row) for row in arm_run.final_rows(pick)]
    if len({each.names for each in found}) > 1:
        raise UserError(
            f"Expected trainings of {pick} that were evaluated on the same images, found others: "
            "has the validation split changed? Begin anew in another --train_logdir."
        )
    return np.stack([each.matrices for each in found])


def _lead(
    kind: str, matrices: Mapping[str, np.ndarray], means: Mapping[str, Sequence[float]], seed: int
) -> Lead:
    pair = kind, contest_config.RANDOM
    found = statistics.mean_iou_difference(*(matrices[each] for each in pair), seed)
    repeated = len(means[kind]) > 1
    return Lead(
        miou=found.value,
        low=found.low,
        high=found.high,
        better=statistics.better_share(*(means[each] for each in pair)),
        signed_rank=statistics.signed_rank(*(means[each] for each in pair)).greater
        if repeated
        else None,
    )
