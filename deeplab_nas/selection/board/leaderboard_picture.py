"""The picture of a leaderboard: mIoU against multiply-adds, a dot a trained network."""

import os
from collections.abc import Sequence

from PIL import Image

from deeplab_nas.drawing import scatter
from deeplab_nas.drawing.plot.layout import Dot, Plot
from deeplab_nas.files import atomic
from deeplab_nas.selection.board import standings
from deeplab_nas.selection.board.leaderboard import Leaderboard
from deeplab_nas.selection.board.shown import quantities
from deeplab_nas.selection.board.standings import Standing

FILE = "leaderboard.png"


def draw(board: Leaderboard) -> Image.Image:
    """Draws the networks of a leaderboard that were trained, in the colours of their arms."""
    return scatter.draw_scatter(plot(board, standings.rank(board)))


def write(path: str | os.PathLike[str], board: Leaderboard) -> None:
    """Writes the picture as PNG, whole or not at all.

    Raises:
        UserError: It cannot be written.
    """
    atomic.write_png(path, draw(board))


def plot(board: Leaderboard, ranked: Sequence[Standing]) -> Plot:
    """Returns what the picture shows of a leaderboard and its standings.

    Networks that have not come as far as the first are minor dots, without whiskers: what was
    trained for fewer steps is not to be compared with it.
    """
    trained = [each for each in ranked if each.trainings]
    unit = quantities.of_counts(each.candidate.multiply_adds for each in trained)
    dots = [
        Dot(
            each.candidate.name,
            each.candidate.arm,
            each.candidate.multiply_adds / unit.divisor,
            each.miou,
            None if each.steps < trained[0].steps else each.interval,
            each.steps < trained[0].steps,
        )
        for each in trained
    ]
    cost = f"multiply-adds of an image ({unit.name})" if unit.name else "multiply-adds of an image"
    whiskers = ", whiskers: 95% interval over seeds" if any(dot.interval for dot in dots) else ""
    quality = f"mean IoU after {trained[0].steps} steps{whiskers}" if trained else "mean IoU"
    groups = [arm.name for arm in board.arms]
    return Plot(dots, groups, (cost, quality), "smaller: fewer training steps")
