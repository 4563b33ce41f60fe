"""Chooses among networks by short trainings: `python -m deeplab_nas.select`."""

import os

from flags import program

from deeplab_nas.core import nas_genotypes
from deeplab_nas.engine.reporting import table
from deeplab_nas.selection import extra
from deeplab_nas.selection.select_config import SelectConfig
from tfrecords_tools import build_shapes


def main(config: SelectConfig) -> None:
    """Selects, and prints a short table of what was found and where it lies."""
    with extra.needed("deeplab_nas.select"):
        from deeplab_nas.selection import selection
        from deeplab_nas.selection.board import leaderboard_page, standings
    board = selection.run(build_shapes.with_folder(config))
    winner = standings.rank(board)[0]
    low, high = winner.interval or (None, None)
    interval = "" if low is None else f" (95% interval {low:.4f} to {high:.4f})"
    rows = [
        ("winner", winner.candidate.name),
        ("path (strides)", nas_genotypes.path_text(winner.candidate.architecture.path)),
        ("mIoU", f"{winner.miou:.4f}{interval}, {len(winner.trainings)} trainings"),
        *map(_spent, board.arms),
        *map(_judged, board.judgements),
        ("architecture", os.path.join(config.train_logdir, selection.WINNER)),
        ("leaderboard", os.path.join(config.train_logdir, leaderboard_page.FILE)),
    ]
    print(table.render(rows))


def _spent(arm):
    return (
        f"spent by {arm.name}",
        f"{arm.networks} networks, {arm.steps:,} steps, {arm.seconds / 60:.0f} minutes of training",
    )


def _judged(judgement):
    lead = judgement.lead
    ahead = f", {lead.miou:+.4f} over random ({lead.low:+.4f} to {lead.high:+.4f})" if lead else ""
    return f"worth of {judgement.arm}", f"mIoU {judgement.miou:.4f}{ahead}"


if __name__ == "__main__":
    program.run(SelectConfig, main, recipe="quickstart_select")
