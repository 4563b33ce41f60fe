"""Where dots, ticks, legend and names of a scatter plot go in a picture of a given size."""

import dataclasses
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from deeplab_nas.drawing import canvas
from deeplab_nas.drawing.canvas import Point
from deeplab_nas.drawing.plot import axes, labels
from deeplab_nas.drawing.plot.labels import TEXT_SIZE, Box, Label

DOT_RADIUS = 5.0
MINOR_RADIUS = 2.5
HALF_CAP = 3
MARGIN = 14
# From the middle of a mark in the legend to its text.
LEGEND_TEXT = 11

_LEGEND_ROW = 22
_LEGEND_GAP = 18
_TITLE_ROOM = 32
_AXIS_ROOM = 48
# Room that a tick takes along x and along y.
_TICK_ROOMS = (90, 46)


@dataclasses.dataclass(frozen=True)
class Dot:
    """A point of a plot.

    Attributes:
        name: What it stands for.
        group: Its colour is that of the group.
        x: Where it stands.
        y: Where it stands.
        interval: Low and high end of the whisker along y; None for no whisker.
        minor: Whether it is drawn small, as one that is not to be compared with the others.
    """

    name: str
    group: str
    x: float
    y: float
    interval: tuple[float, float] | None = None
    minor: bool = False


@dataclasses.dataclass(frozen=True)
class Plot:
    """What a scatter plot shows.

    Attributes:
        dots: The best first, which lie on top and are the ones that are named.
        groups: Names of all groups, in the order of their colours.
        titles: What x and y are, with their units.
        minor_title: What minor dots are.
    """

    dots: Sequence[Dot]
    groups: Sequence[str]
    titles: tuple[str, str]
    minor_title: str = "smaller"


@dataclasses.dataclass(frozen=True)
class Placed:
    """A dot in the picture.

    Attributes:
        dot: The dot.
        group: Number of its group.
        center: Pixel.
        radius: In pixels.
        whisker: Upper and lower pixel of the whisker, if there is one.
        caps: Which of those are its ends, and not where the frame cuts it off.
    """

    dot: Dot
    group: int
    center: Point
    radius: float
    whisker: tuple[float, float] | None
    caps: tuple[float, ...]


class Entry(NamedTuple):
    """A line of the legend: a group, or None for minor dots; the pixel of its mark; its text."""

    group: int | None
    place: Point
    text: str


@dataclasses.dataclass(frozen=True)
class Layout:
    """A scatter plot in pixels.

    Attributes:
        width: Of the picture.
        height: Of the picture.
        frame: Where the dots are.
        ticks: Along x and along y, each a pixel and a text.
        titles: Along x and along y.
        legend: The groups that have dots.
        dots: In the order to draw them in.
        labels: Names of the first dots, as many as found room.
    """

    width: float
    height: float
    frame: Box
    ticks: tuple[list[tuple[float, str]], list[tuple[float, str]]]
    titles: tuple[str, str]
    legend: list[Entry]
    dots: list[Placed]
    labels: list[Label]


def lay_out(plot: Plot, width: float, height: float, labelled: int) -> Layout:
    """Lays a scatter plot out.

    Args:
        plot: What it shows.
        width: Of the picture.
        height: Of the picture.
        labelled: How many dots are named, if there is room.

    Returns:
        The layout. Whiskers that are far longer than the dots are apart are cut off.
    """
    legend = _legend(plot, width)
    top = _TITLE_ROOM + max((entry.place[1] for entry in legend), default=0) + _LEGEND_ROW / 2
    bottom = height - _AXIS_ROOM
    x_range = axes.shown_range([dot.x for dot in plot.dots])
    y_range = axes.shown_range(_heights(plot.dots))
    x_values = axes.round_values(*x_range, max(2, int(width // _TICK_ROOMS[0])))
    y_values = axes.round_values(*y_range, max(2, int((bottom - top) // _TICK_ROOMS[1])))
    widest = max(canvas.text_width(text, TEXT_SIZE) for _, text in y_values)
    frame = (MARGIN + labels.SLACK * widest + 8, top, width - MARGIN - 8, bottom)
    x_scale = axes.Scale(*x_range, frame[0], frame[2])
    y_scale = axes.Scale(*y_range, bottom, top)
    numbers = {name: number for number, name in enumerate(plot.groups)}
    placed = [_placed(dot, numbers[dot.group], x_scale, y_scale) for dot in plot.dots]
    names = [dot.name for dot in plot.dots[:labelled]]
    circles = [(each.center, each.radius) for each in placed]
    whiskers = [
        (each.center[0] - 2, each.whisker[0], each.center[0] + 2, each.whisker[1])
        for each in placed
        if each.whisker
    ]
    return Layout(
        width,
        height,
        frame,
        (
            [(x_scale(value), text) for value, text in x_values],
            [(y_scale(value), text) for value, text in y_values],
        ),
        plot.titles,
        legend,
        sorted(reversed(placed), key=lambda each: not each.dot.minor),
        list(labels.place(names, circles, whiskers, frame)),
    )


def _heights(dots: Sequence[Dot]) -> list[float]:
    """What the axis has to show: the dots, and the ends of the whiskers unless they are far off."""
    heights = [dot.y for dot in dots]
    intervals = [dot.interval for dot in dots if dot.interval]
    if not intervals:
        return heights
    low, high = min(heights), max(heights)
    usual = statistics.median((end - start) / 2 for start, end in intervals)
    reach = max(usual, high - low)
    ends = [(max(start, low - reach), min(end, high + reach)) for start, end in intervals]
    return [*heights, *(value for pair in ends for value in pair)]


def _legend(plot: Plot, width: float) -> list[Entry]:
    entries: list[tuple[int | None, str]] = []
    for number, group in enumerate(plot.groups):
        count = sum(dot.group == group for dot in plot.dots)
        if count:
            entries.append((number, f"{canvas.shortened(group, labels.LONGEST)} ({count})"))
    if any(dot.minor for dot in plot.dots):
        entries.append((None, plot.minor_title))
    found, x, y = [], float(MARGIN), MARGIN + _LEGEND_ROW / 2
    for number, text in entries:
        room = DOT_RADIUS + LEGEND_TEXT + labels.SLACK * canvas.text_width(text)
        if x + room > width - MARGIN and x > MARGIN:
            x, y = float(MARGIN), y + _LEGEND_ROW
        found.append(Entry(number, (x + DOT_RADIUS, y), text))
        x += room + _LEGEND_GAP
    return found


def _placed(dot: Dot, group: int, x_scale: axes.Scale, y_scale: axes.Scale) -> Placed:
    whisker, caps = None, ()
    if dot.interval:
        top, bottom = y_scale.end, y_scale.start
        low, high = map(y_scale, dot.interval)
        whisker = max(high, top), min(low, bottom)
        caps = tuple(y for y in (high, low) if top <= y <= bottom)
    radius = MINOR_RADIUS if dot.minor else DOT_RADIUS
    return Placed(dot, group, (x_scale(dot.x), y_scale(dot.y)), radius, whisker, caps)
