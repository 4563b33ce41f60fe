"""The drawing surface as SVG: the same shapes and text as `Canvas`, small and sharp at any size."""

import html
import math

from deeplab_nas.drawing import canvas
from deeplab_nas.drawing.canvas import INK, Color, Point

_ANCHORS = {"l": "start", "m": "middle", "r": "end"}


class VectorCanvas:
    """A transparent picture to draw on, with the methods of `Canvas`.

    Attributes:
        width: Pixels of the picture.
        height: Pixels of the picture.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width = math.ceil(width)
        self.height = math.ceil(height)
        self._elements: list[str] = []

    def finish(self) -> str:
        """Returns the picture, an `svg` element to stand in HTML."""
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" width="{self.width}" fill="none">'
            f"{''.join(self._elements)}</svg>"
        )

    def line(self, start: Point, end: Point, color: Color, width: float = 1.5) -> None:
        """Draws a straight line."""
        self._stroke(f"M{_place(start)}L{_place(end)}", color, width)

    def curve(self, start: Point, end: Point, color: Color, width: float = 1.5) -> None:
        """Draws an S that leaves `start` and reaches `end` horizontally."""
        middle = (start[0] + end[0]) / 2
        corners = (middle, start[1]), (middle, end[1]), end
        self._stroke(f"M{_place(start)}C{' '.join(map(_place, corners))}", color, width)

    def arrow(self, start: Point, end: Point, color: Color, width: float = 1.5) -> None:
        """Draws a straight arrow whose tip is at `end`."""
        neck, head = canvas.arrow_shape(start, end, width)
        self.line(start, neck, color, width)
        self._fill(head, color)

    def curved_arrow(self, start: Point, end: Point, color: Color, width: float = 1.5) -> None:
        """Draws a `curve` with a head, which points to the right, at `end`."""
        neck, head = canvas.arrow_shape((end[0] - 1, end[1]), end, width)
        self.curve(start, neck, color, width)
        self._fill(head, color)

    def rounded_box(
        self,
        box: tuple[float, float, float, float],
        fill: Color,
        outline: Color | None = None,
        radius: float = 6,
        width: float = 1.25,
    ) -> None:
        """Draws a box `(left, top, right, bottom)` with round corners."""
        left, top, right, bottom = box
        size = f'width="{_number(right - left)}" height="{_number(bottom - top)}"'
        place = f'x="{_number(left)}" y="{_number(top)}" {size} rx="{_number(radius)}"'
        self._elements.append(f"<rect {place}{_paint(fill, outline, width)}/>")

    def circle(
        self, center: Point, radius: float, fill: Color, outline: Color | None = None
    ) -> None:
        """Draws a disc, with a rim if `outline` is given."""
        place = f'cx="{_number(center[0])}" cy="{_number(center[1])}" r="{_number(radius)}"'
        self._elements.append(f"<circle {place}{_paint(fill, outline, 1.25)}/>")

    def text(
        self, position: Point, text: str, size: float = 13, color: Color = INK, anchor: str = "mm"
    ) -> None:
        """Writes one line of text; the arguments are those of `Canvas.text`."""
        x, y = position
        # The middle of the letters, and not of the line, as Pillow has it.
        place = f'x="{_number(x)}" y="{_number(y + 0.35 * size)}" font-size="{_number(size)}"'
        side = "" if anchor[0] == "l" else f' text-anchor="{_ANCHORS[anchor[0]]}"'
        self._elements.append(f'<text {place}{side} fill="{css(color)}">{html.escape(text)}</text>')

    def _stroke(self, path: str, color: Color, width: float) -> None:
        wide = f'stroke-width="{_number(width)}"'
        self._elements.append(f'<path d="{path}" stroke="{css(color)}" {wide}/>')

    def _fill(self, corners: list[Point], color: Color) -> None:
        self._elements.append(f'<path d="M{"L".join(map(_place, corners))}Z" fill="{css(color)}"/>')


# What a picture can be drawn on.
Surface = canvas.Canvas | VectorCanvas


def css(color: Color) -> str:
    """Returns a colour as CSS and SVG write it: `#d9480f`."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def _paint(fill: Color, outline: Color | None, width: float) -> str:
    rim = f' stroke="{css(outline)}" stroke-width="{_number(width)}"' if outline else ""
    return f' fill="{css(fill)}"{rim}'


def _place(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    return f"{round(float(value), 1):g}"
