"""A scatter plot as SVG, to stand in a page whose style sheet colours it.

The classes are `axis` and `grid`, `title` and `tick` of texts, `mark` of the legend, `whisker`,
`leader`, `name` of labels, and `dot` of the links around dots; `minor` and `ring` are dots as the
picture draws them. `g0`, `g1` and so on stand for the colours of `scatter.GROUP_COLORS`.
"""

import html
from collections.abc import Iterator, Mapping

from deeplab_nas.drawing import canvas, scatter
from deeplab_nas.drawing.plot import layout
from deeplab_nas.drawing.plot.labels import TEXT_SIZE, Label
from deeplab_nas.drawing.plot.layout import Entry, Layout, Placed, Plot

# The colours of groups on a dark page.
GROUP_COLORS_ON_DARK: tuple[canvas.Color, ...] = (
    *((61, 148, 219), (240, 112, 48), (28, 184, 138), (222, 150, 190)),
    *((240, 176, 48), (150, 208, 245), (222, 226, 230)),
)


def draw_scatter(
    plot: Plot,
    width: float,
    height: float,
    labelled: int,
    links: Mapping[str, tuple[str, str]],
    attributes: str,
) -> str:
    """Draws what `scatter.draw_scatter` draws; each dot is a link and tells what it is.

    Args:
        plot: What to show.
        width: Of the picture, which the page may make smaller or larger.
        height: Of the picture.
        labelled: How many dots are named, if there is room.
        links: By the name of a dot, where it leads to and what it tells.
        attributes: More of the `svg` element's, as HTML has them.

    Returns:
        An `svg` element. Names in it are escaped.
    """
    placing = layout.lay_out(plot, width, height, labelled)
    return "\n".join(
        [
            f'<svg viewBox="0 0 {_number(width)} {_number(height)}" {attributes}>',
            *_axes(placing),
            *map(_legend, placing.legend),
            *(_whisker(placed) for placed in placing.dots if placed.whisker),
            *(_line(*label.leader, "leader") for label in placing.labels if label.leader),
            *(_dot(placed, *links[placed.dot.name]) for placed in placing.dots),
            *map(_name, placing.labels),
            "</svg>",
        ]
    )


def group_classes(group: int) -> str:
    """Returns the classes of what is drawn for a group."""
    number, is_ring = scatter.group_style(group)
    return f"g{number} ring" if is_ring else f"g{number}"


def _axes(placing: Layout) -> Iterator[str]:
    left, top, right, bottom = placing.frame
    for x, text in placing.ticks[0]:
        yield _line((x, top), (x, bottom), "grid")
        yield _text((x, bottom + 14), text, "tick", "middle")
    for y, text in placing.ticks[1]:
        yield _line((left, y), (right, y), "grid")
        yield _text((left - 8, y), text, "tick", "end")
    yield _line((left, bottom), (right, bottom), "axis")
    yield _line((left, top), (left, bottom), "axis")
    yield _text((right, bottom + 33), placing.titles[0], "title", "end")
    yield _text((layout.MARGIN, top - 15), placing.titles[1], "title")


def _legend(entry: Entry) -> str:
    is_minor = entry.group is None
    kind = "minor" if is_minor else group_classes(entry.group)
    radius = _number(layout.MINOR_RADIUS if is_minor else layout.DOT_RADIUS)
    x, y = entry.place
    mark = f'<circle class="mark {kind}" {_center(entry.place)} r="{radius}"/>'
    return mark + _text((x + layout.LEGEND_TEXT, y), entry.text, "legend")


def _whisker(placed: Placed) -> str:
    x, cap = placed.center[0], layout.HALF_CAP
    top, bottom = map(_number, placed.whisker)
    path = f"M{_number(x)},{top}V{bottom}"
    path += "".join(f"M{_number(x - cap)},{_number(y)}h{2 * cap}" for y in placed.caps)
    return f'<path class="whisker {group_classes(placed.group)}" d="{path}"/>'


def _dot(placed: Placed, link: str, text: str) -> str:
    kind = group_classes(placed.group) + (" minor" if placed.dot.minor else "")
    circle = f'<circle {_center(placed.center)} r="{_number(placed.radius)}"/>'
    title = f"<title>{html.escape(text)}</title>"
    return f'<a class="dot {kind}" href="{html.escape(link)}">{title}{circle}</a>'


def _name(label: Label) -> str:
    side = {"lm": "start", "mm": "middle", "rm": "end"}[label.anchor]
    return _text(label.place, label.text, "name", side)


def _line(start: canvas.Point, end: canvas.Point, kind: str) -> str:
    first, second = (f"{_number(x)},{_number(y)}" for x, y in (start, end))
    return f'<path class="{kind}" d="M{first}L{second}"/>'


def _text(place: canvas.Point, text: str, kind: str, side: str = "start") -> str:
    x, y = place
    # The middle of the letters is at `place`.
    where = f'x="{_number(x)}" y="{_number(y + 0.35 * TEXT_SIZE)}"'
    anchor = "" if side == "start" else f' text-anchor="{side}"'
    return f'<text class="{kind}" {where}{anchor}>{html.escape(text)}</text>'


def _center(place: canvas.Point) -> str:
    return f'cx="{_number(place[0])}" cy="{_number(place[1])}"'


def _number(value: float) -> str:
    return f"{round(float(value), 1):g}"
