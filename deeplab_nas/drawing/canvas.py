"""The shared drawing surface: smooth shapes and text, one palette.

Everything is drawn several times too large and reduced at the end, which smooths every edge.
Coordinates and sizes are pixels of the finished picture, from its upper left corner.
"""

import bisect
import functools
import math
import unicodedata
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]
Point = tuple[float, float]

PAPER: Color = (255, 255, 255)
INK: Color = (33, 37, 41)
MUTED: Color = (117, 125, 133)
FAINT: Color = (206, 212, 218)
WASH: Color = (246, 247, 249)
HIGHLIGHT: Color = (217, 72, 15)

_SCALE = 3
_CURVE_POINTS = 48
# A font draws for it what it draws for all that it lacks.
_NO_CHARACTER = "\uffff"


class Canvas:
    """A white picture to draw on.

    Attributes:
        width: Pixels of the finished picture.
        height: Pixels of the finished picture.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width = math.ceil(width)
        self.height = math.ceil(height)
        self._image = Image.new("RGB", (self.width * _SCALE, self.height * _SCALE), PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def finish(self) -> Image.Image:
        """Returns the picture, mode RGB, `width` by `height`."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def line(self, start: Point, end: Point, color: Color, width: float = 1.5) -> None:
        """Draws a straight line."""
        self._stroke(np.array([start, end], dtype=np.float64), color, width)

    def curve(self, start: Point, end: Point, color: Color, width: float = 1.5) -> None:
        """Draws an S that leaves `start` and reaches `end` horizontally."""
        time = np.linspace(0.0, 1.0, _CURVE_POINTS)[:, None]
        middle = (start[0] + end[0]) / 2
        corners = np.array([start, (middle, start[1]), (middle, end[1]), end], dtype=np.float64)
        blends = [(1 - time) ** 3, 3 * time * (1 - time) ** 2, 3 * time**2 * (1 - time), time**3]
        self._stroke(np.hstack(blends) @ corners, color, width)

    def arrow(self, start: Point, end: Point, color: Color, width: float = 1.5) -> None:
        """Draws a straight arrow whose tip is at `end`."""
        neck, head = arrow_shape(start, end, width)
        self.line(start, neck, color, width)
        self._draw.polygon(_scaled(head), fill=color)

    def curved_arrow(self, start: Point, end: Point, color: Color, width: float = 1.5) -> None:
        """Draws a `curve` with a head, which points to the right, at `end`."""
        neck, head = arrow_shape((end[0] - 1, end[1]), end, width)
        self.curve(start, neck, color, width)
        self._draw.polygon(_scaled(head), fill=color)

    def rounded_box(
        self,
        box: tuple[float, float, float, float],
        fill: Color,
        outline: Color | None = None,
        radius: float = 6,
        width: float = 1.25,
    ) -> None:
        """Draws a box `(left, top, right, bottom)` with round corners."""
        corners = _scaled([box[:2], box[2:]])
        pixels = round(width * _SCALE) if outline else 0
        self._draw.rounded_rectangle(corners, radius * _SCALE, fill, outline, pixels)

    def circle(
        self, center: Point, radius: float, fill: Color, outline: Color | None = None
    ) -> None:
        """Draws a disc, with a rim if `outline` is given."""
        x, y = center
        corners = _scaled([(x - radius, y - radius), (x + radius, y + radius)])
        self._draw.ellipse(corners, fill, outline, round(1.25 * _SCALE) if outline else 0)

    def text(
        self, position: Point, text: str, size: float = 13, color: Color = INK, anchor: str = "mm"
    ) -> None:
        """Writes one line of text.

        Args:
            position: Where the anchor of the text comes to lie.
            text: A line; characters that the font lacks become others, see `in_font`.
            size: Height of the font.
            color: Of the letters.
            anchor: Pillow's anchor: `mm` centres, `lm` and `rm` begin and end there.
        """
        x, y = position
        place = (x * _SCALE, y * _SCALE)
        self._draw.text(place, in_font(text), fill=color, font=_font(size * _SCALE), anchor=anchor)

    def _stroke(self, points: np.ndarray, color: Color, width: float) -> None:
        """Draws a line along float `[points, 2]` as the polygon between its two sides.

        A chain of Pillow's thick lines would swell at every joint.
        """
        tangents = np.gradient(points, axis=0)
        normals = tangents[:, ::-1] * [-1, 1] / np.linalg.norm(tangents, axis=1, keepdims=True)
        # Pillow fills the pixels of the outline as well, half a pixel on either side.
        reach = normals * max(width - 1 / _SCALE, 0.0) / 2
        sides = np.concatenate([points + reach, (points - reach)[::-1]])
        self._draw.polygon(_scaled([tuple(point) for point in sides]), fill=color)


def text_width(text: str, size: float = 13) -> float:
    """Returns how many pixels wide a line of text is."""
    return _font(size * _SCALE).getlength(in_font(text)) / _SCALE


def shortened(text: str, width: float, size: float = 13) -> str:
    """Returns a line of text without so much of its middle that it is at most `width` wide."""
    text = in_font(text)
    # No letter is narrower than a pixel, and a font measures long lines slowly.
    if len(text) <= width and text_width(text, size) <= width:
        return text

    def cut(length: int) -> str:
        return f"{text[: length - length // 2]}…{text[len(text) - length // 2 :]}"

    lengths = range(1, max(2, min(len(text), math.ceil(width))))
    fitting = bisect.bisect_right(lengths, width, key=lambda n: text_width(cut(n), size))
    return cut(fitting) if fitting else "…"


def in_font(text: str) -> str:
    """Returns a text in the characters of the font, which has little besides ASCII.

    An accent that it lacks is left out, and `ss` stands for `ß`; of another character its number is
    written, as Python does.
    """
    composed = unicodedata.normalize("NFC", text)
    return composed if composed.isascii() and composed.isprintable() else _spelled(composed)


def arrow_shape(start: Point, end: Point, width: float) -> tuple[Point, list[Point]]:
    """Returns where the shaft of an arrow of a given width ends, and the corners of its head."""
    reach = math.dist(start, end)
    dx, dy = (end[0] - start[0]) / reach, (end[1] - start[1]) / reach
    length = 5 + 1.6 * width
    half = length * 0.42
    back = (end[0] - dx * length, end[1] - dy * length)
    sides = [(back[0] - dy * side, back[1] + dx * side) for side in (half, -half)]
    return (end[0] - dx * length * 0.8, end[1] - dy * length * 0.8), [end, *sides]


def blend(first: Color, second: Color, amount: float) -> Color:
    """Returns the colour that is `amount`, 0 to 1, of the way from the first to the second."""
    amount = min(max(amount, 0.0), 1.0)
    red, green, blue = (round(a + (b - a) * amount) for a, b in zip(first, second, strict=True))
    return red, green, blue


def check_fractions(name: str, values: np.ndarray) -> None:
    """Refuses values outside 0..1, up to the rounding of a float32 softmax.

    Raises:
        ValueError: A value is outside or not a number; the message begins with `name`.
    """
    if not ((values >= 0) & (values <= 1 + 1e-5)).all():
        raise ValueError(f"{name}: expected values in 0..1.")


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * _SCALE, y * _SCALE) for x, y in points]


def _spelled(text: str) -> str:
    found = []
    for character in text:
        base = unicodedata.normalize("NFKD", character)
        base = "".join(part for part in base if not unicodedata.combining(part))
        ways = (character, base, base.casefold())
        known = next((one for one in ways if one and all(map(_is_drawn, one))), None)
        found.append(known or character.encode("unicode_escape").decode())
    return "".join(found)


@functools.cache
def _is_drawn(character: str) -> bool:
    font = _font(8 * _SCALE)
    missing = bytes(font.getmask(_NO_CHARACTER))
    return character.isprintable() and bytes(font.getmask(character)) != missing


@functools.cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=size)
