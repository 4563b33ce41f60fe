"""`leaderboard.html`: the leaderboard as one file for a browser, which asks for nothing else."""

import base64
import hashlib
import importlib.resources
import os
import re
import string
from collections.abc import Iterator, Sequence
from html import escape

from deeplab_nas.drawing import scatter, scatter_svg
from deeplab_nas.drawing.canvas import Color
from deeplab_nas.drawing.vector_canvas import css
from deeplab_nas.files import atomic
from deeplab_nas.selection.board import leaderboard_picture, standings
from deeplab_nas.selection.board.leaderboard import Leaderboard
from deeplab_nas.selection.board.shown import judged, network_rows, quantities
from deeplab_nas.selection.board.standings import Standing

FILE = "leaderboard.html"

# Classes, width, height and names of the picture on a desktop and on a phone.
_PLOTS = (("plot", 980, 520, 10), ("plot narrow", 420, 460, 5))


def write(path: str | os.PathLike[str], board: Leaderboard) -> None:
    """Writes the page, whole or not at all.

    Raises:
        UserError: It cannot be written.
    """
    atomic.write_text(path, render(board))


def render(board: Leaderboard) -> str:
    """Returns the page: the picture, the ranked networks, what was spent, and how it was made.

    Args:
        board: The leaderboard; its texts are escaped.

    Returns:
        HTML that needs no network. The same leaderboard gives the same text.
    """
    ranked = standings.rank(board)
    heads, rows = network_rows.render(board, ranked)
    template = string.Template(_template())
    style, script = (
        re.search(f"<{tag}>(.*?)</{tag}>", template.template, re.DOTALL)[1]
        for tag in ("style", "script")
    )
    return template.substitute(
        # The browser runs what has these digests and nothing else, whatever a name may hold.
        style_digest=_digest(style),
        script_digest=_digest(script),
        summary=_summary(ranked),
        plots="\n".join(_plots(board, ranked)),
        heads=heads,
        rows=rows,
        judged=judged.section(board.judgements, [arm.name for arm in board.arms]),
        spent="\n".join(_spent(board, ranked)),
        about="\n".join(
            f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in board.about.items()
        ),
    )


def _template() -> str:
    """The template with the colours of the arms in its style sheet."""
    text = importlib.resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    numbers = range(len(scatter.GROUP_COLORS))
    return string.Template(text).safe_substitute(
        colors=_colors(scatter.GROUP_COLORS),
        dark_colors=_colors(scatter_svg.GROUP_COLORS_ON_DARK),
        groups="\n".join(f".g{number} {{ --group: var(--group-{number}); }}" for number in numbers),
    )


def _colors(colors: Sequence[Color]) -> str:
    return " ".join(f"--group-{number}: {css(color)};" for number, color in enumerate(colors))


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _summary(ranked: Sequence[Standing]) -> str:
    trained = [each for each in ranked if each.trainings]
    if not trained:
        return f"{_count(len(ranked), 'network')}, none of them trained yet."
    best = trained[0]
    last = sum(each.steps == best.steps for each in trained)
    name = f'<a href="#{network_rows.identifier(0)}">{escape(best.candidate.name)}</a>'
    count = _count(len(best.trainings), "training")
    sure = f"95% interval {network_rows.interval(best)}" if best.interval else "no interval"
    return (
        f"{_count(len(ranked), 'network')}, {len(trained)} trained, {last} of them for "
        f"{best.steps:,} steps. Ahead is {name} with a mean IoU of {network_rows.miou(best)} "
        f"({count}, {sure})."
    )


def _plots(board: Leaderboard, ranked: Sequence[Standing]) -> Iterator[str]:
    plot = leaderboard_picture.plot(board, ranked)
    links = {
        each.candidate.name: (f"#{network_rows.identifier(number)}", _told(each))
        for number, each in enumerate(ranked)
    }
    for classes, width, height, labelled in _PLOTS:
        attributes = f'class="{classes}" role="group" aria-label="mean IoU by multiply-adds"'
        yield scatter_svg.draw_scatter(plot, width, height, labelled, links, attributes)


def _told(standing: Standing) -> str:
    candidate = standing.candidate
    cost = quantities.of_counts([candidate.multiply_adds])
    sure = f", {network_rows.interval(standing)}" if standing.interval else ""
    return (
        f"{candidate.name} ({candidate.arm})\n"
        f"mean IoU {network_rows.miou(standing)}{sure} after {standing.steps:,} steps\n"
        f"{quantities.in_words(cost, candidate.multiply_adds)} multiply-adds"
    )


def _spent(board: Leaderboard, ranked: Sequence[Standing]) -> Iterator[str]:
    places = {each.candidate.name: number for number, each in enumerate(ranked)}
    heads = ("networks", "training steps", "multiply-adds", "time")
    numbers = "".join(f'<th scope="col" class="number">{title}</th>' for title in heads)
    best = '<th scope="col">best network</th><th scope="col" class="number">mean IoU</th>'
    yield f'<thead><tr><th scope="col">arm</th>{numbers}{best}</tr></thead><tbody>'
    for group, arm in enumerate(board.arms):
        cost = quantities.of_counts([arm.multiply_adds])
        time = quantities.of_seconds([arm.seconds])
        values = [
            f"{arm.networks:,}",
            f"{arm.steps:,}",
            quantities.in_words(cost, arm.multiply_adds),
            quantities.in_words(time, arm.seconds),
        ]
        link, quality = network_rows.NOTHING, network_rows.NOTHING
        if arm.best is not None:
            number = places[arm.best]
            target = f"#{network_rows.identifier(number)}"
            link = f'<a href="{target}">{network_rows.long_text(arm.best)}</a>'
            quality = network_rows.miou(ranked[number])
        cells = "".join(f'<td class="number">{value}</td>' for value in values)
        yield (
            f'<tr><th scope="row">{network_rows.arm(arm.name, group)}</th>{cells}'
            f'<td>{link}</td><td class="number">{quality}</td></tr>'
        )
    yield "</tbody>"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"
