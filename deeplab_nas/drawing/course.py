"""The course of several quantities over the same steps, one panel below the other."""

import dataclasses
import itertools
from collections.abc import Sequence

from PIL import Image

from deeplab_nas.drawing import canvas
from deeplab_nas.drawing.plot import axes
from deeplab_nas.drawing.scatter import GROUP_COLORS

_WIDTH = 640
_PANEL = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 30, 26
_TEXT_SIZE = 12
_TICKS = (8, 4)


@dataclasses.dataclass(frozen=True)
class Panel:
    """One quantity.

    Attributes:
        title: What it is, with its unit.
        values: Each at a step, steps rising; none may be left out.
    """

    title: str
    values: Sequence[tuple[float, float]]


def draw_course(panels: Sequence[Panel], x_title: str) -> Image.Image:
    """Draws quantities over steps, on one axis of steps.

    Args:
        panels: One or more, the upper one first, with one value or more among them.
        x_title: What the steps are.
    """
    sheet = canvas.Canvas(_WIDTH, _PANEL * len(panels) + _BOTTOM)
    steps = [step for panel in panels for step, _ in panel.values]
    x_range = axes.shown_range(steps)
    x_scale = axes.Scale(*x_range, _LEFT, _WIDTH - _RIGHT)
    ticks = [(value, text) for value, text in axes.round_values(*x_range, _TICKS[0]) if value >= 0]
    for number, panel in enumerate(panels):
        _draw_panel(sheet, panel, number, x_scale, ticks)
    below = _PANEL * len(panels)
    for value, text in ticks:
        sheet.text((x_scale(value), below - 6), text, _TEXT_SIZE, canvas.MUTED)
    sheet.text((_WIDTH - _RIGHT, below + 12), x_title, _TEXT_SIZE, anchor="rm")
    return sheet.finish()


def _draw_panel(sheet, panel, number, x_scale, ticks):
    top, bottom = number * _PANEL + _TOP, (number + 1) * _PANEL - _BOTTOM
    y_range = axes.shown_range([value for _, value in panel.values])
    y_scale = axes.Scale(*y_range, bottom, top)
    sheet.text((_LEFT, top - 14), panel.title, _TEXT_SIZE, anchor="lm")
    for value, _ in ticks:
        sheet.line((x_scale(value), top), (x_scale(value), bottom), canvas.WASH, 1)
    for value, text in axes.round_values(*y_range, _TICKS[1]):
        sheet.line((_LEFT, y_scale(value)), (_WIDTH - _RIGHT, y_scale(value)), canvas.FAINT, 1)
        sheet.text((_LEFT - 8, y_scale(value)), text, _TEXT_SIZE, canvas.MUTED, anchor="rm")
    color = GROUP_COLORS[number % len(GROUP_COLORS)]
    points = [(x_scale(step), y_scale(value)) for step, value in panel.values]
    for start, end in itertools.pairwise(points):
        sheet.line(start, end, color, 2)
    for point in points:
        sheet.circle(point, 3.5, color)
