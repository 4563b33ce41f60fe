"""A scatter plot with whiskers as a PNG picture."""

from PIL import Image

from deeplab_nas.drawing import canvas
from deeplab_nas.drawing.plot import layout
from deeplab_nas.drawing.plot.labels import TEXT_SIZE
from deeplab_nas.drawing.plot.layout import Layout, Placed, Plot

# Told apart by whoever sees fewer colours as well (Okabe and Ito, 2008); yellow is left out.
GROUP_COLORS: tuple[canvas.Color, ...] = (
    *((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167)),
    *((230, 159, 0), (86, 180, 233), (33, 37, 41)),
)

_SIZE = (900, 560)
_LABELLED = 8
_PALE = 0.35
_GRID = canvas.blend(canvas.WASH, canvas.FAINT, 0.35)


def draw_scatter(plot: Plot) -> Image.Image:
    """Draws dots in the colours of their groups, with whiskers, a legend and the best ones' names.

    Args:
        plot: What to show.

    Returns:
        The picture.
    """
    placing = layout.lay_out(plot, *_SIZE, _LABELLED)
    sheet = canvas.Canvas(placing.width, placing.height)
    _draw_axes(sheet, placing)
    for group, place, text in placing.legend:
        _draw_legend(sheet, group, place, text)
    for placed in placing.dots:
        _draw_whisker(sheet, placed)
    for label in placing.labels:
        if label.leader:
            sheet.line(*label.leader, canvas.MUTED, 1)
    for placed in placing.dots:
        _draw_dot(sheet, placed.center, placed.radius, placed.group, placed.dot.minor)
    for label in placing.labels:
        sheet.rounded_box(label.box, canvas.PAPER, radius=2)
        sheet.text(label.place, label.text, TEXT_SIZE, anchor=label.anchor)
    return sheet.finish()


def group_style(group: int) -> tuple[int, bool]:
    """Returns the number of a group's colour, and whether its dots are rings.

    Rings are for groups beyond the colours.
    """
    return group % len(GROUP_COLORS), group // len(GROUP_COLORS) % 2 == 1


def _draw_axes(sheet: canvas.Canvas, placing: Layout) -> None:
    left, top, right, bottom = placing.frame
    for x, text in placing.ticks[0]:
        sheet.line((x, top), (x, bottom), _GRID, 1)
        sheet.text((x, bottom + 14), text, TEXT_SIZE, canvas.MUTED)
    for y, text in placing.ticks[1]:
        sheet.line((left, y), (right, y), _GRID, 1)
        sheet.text((left - 8, y), text, TEXT_SIZE, canvas.MUTED, "rm")
    sheet.line((left, bottom), (right, bottom), canvas.FAINT, 1.5)
    sheet.line((left, top), (left, bottom), canvas.FAINT, 1.5)
    sheet.text((right, bottom + 33), placing.titles[0], color=canvas.MUTED, anchor="rm")
    sheet.text((layout.MARGIN, top - 15), placing.titles[1], color=canvas.MUTED, anchor="lm")


def _draw_legend(sheet: canvas.Canvas, group: int | None, place: canvas.Point, text: str) -> None:
    if group is None:
        sheet.circle(place, layout.MINOR_RADIUS, canvas.MUTED)
    else:
        _draw_dot(sheet, place, layout.DOT_RADIUS, group, False)
    sheet.text((place[0] + layout.LEGEND_TEXT, place[1]), text, anchor="lm")


def _draw_whisker(sheet: canvas.Canvas, placed: Placed) -> None:
    if not placed.whisker:
        return
    color = canvas.blend(_color(placed.group), canvas.PAPER, 0.6)
    x = placed.center[0]
    top, bottom = placed.whisker
    if bottom > top:
        sheet.line((x, top), (x, bottom), color, 1.25)
    for y in placed.caps:
        sheet.line((x - layout.HALF_CAP, y), (x + layout.HALF_CAP, y), color, 1.25)


def _draw_dot(
    sheet: canvas.Canvas, center: canvas.Point, radius: float, group: int, minor: bool
) -> None:
    color = _color(group)
    if minor:
        color = canvas.blend(color, canvas.PAPER, _PALE)
    is_ring = group_style(group)[1]
    fill, rim = (canvas.PAPER, color) if is_ring else (color, canvas.PAPER)
    # A rim keeps dots apart that overlap, and takes too much of a small one.
    sheet.circle(center, radius, fill, None if minor and not is_ring else rim)


def _color(group: int) -> canvas.Color:
    return GROUP_COLORS[group_style(group)[0]]
