"""Names beside dots, where they cover neither a dot nor one another."""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence

from deeplab_nas.drawing import canvas
from deeplab_nas.drawing.canvas import Point

Box = tuple[float, float, float, float]

TEXT_SIZE = 12
LONGEST = 170
# Letters of other fonts are wider than those that are measured here.
SLACK = 1.1

_DISTANCES = (4, 9, 16, 25, 36, 50)
_LEADER_FROM = 12
_SIDES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))


@dataclasses.dataclass(frozen=True)
class Label:
    """A name in the picture.

    Attributes:
        text: A line.
        place: Pixel of its left end, or of its middle or right one as `anchor` says.
        anchor: `lm`, `mm` or `rm`.
        leader: Ends of the line that leads from the dot to the name; None where none is needed.
        box: The room of the name.
    """

    text: str
    place: Point
    anchor: str
    leader: tuple[Point, Point] | None
    box: Box


def place(
    names: Sequence[str], dots: Sequence[tuple[Point, float]], whiskers: Sequence[Box], frame: Box
) -> Iterator[Label]:
    """Places names, one after the other, each as near to its dot as there is room.

    Args:
        names: Of the first dots.
        dots: Centre and radius of all dots.
        whiskers: What a name should not cover, but may.
        frame: What no name leaves.

    Yields:
        The names that found room.
    """
    rooms = [around(center, radius + 1, radius + 1) for center, radius in dots]
    taken: list[Box] = []
    for number, name in enumerate(names):
        others = [*rooms[:number], *rooms[number + 1 :], *taken]
        ways = [
            way
            for way in _ways(*dots[number], canvas.shortened(name, LONGEST, TEXT_SIZE))
            if _is_within(way.box, frame)
            and _is_free([way.box, *_along(way.leader)], others)
            and _is_free([way.box], rooms)
        ]
        clear = (way for way in ways if _is_free([way.box], whiskers))
        label = next(itertools.chain(clear, ways), None)
        if label:
            taken += [label.box, *_along(label.leader)]
            yield label


def around(center: Point, half_width: float, half_height: float) -> Box:
    """Returns the box `(left, top, right, bottom)` around a point."""
    x, y = center
    return x - half_width, y - half_height, x + half_width, y + half_height


def _ways(center: Point, radius: float, text: str) -> Iterator[Label]:
    """All ways to write at a dot, the nearest first."""
    x, y = center
    half_width = SLACK * canvas.text_width(text, TEXT_SIZE) / 2
    half_height = TEXT_SIZE * 0.6
    for distance, (right, down) in itertools.product(_DISTANCES, _SIDES):
        away = (radius + distance) * (math.sqrt(0.5) if right and down else 1.0)
        near = x + right * away, y + down * away
        middle = near[0] + right * half_width, near[1] + down * half_height
        leader = (center, near) if distance >= _LEADER_FROM else None
        anchor = {1: "lm", 0: "mm", -1: "rm"}[right]
        box = around(middle, half_width, half_height)
        yield Label(text, (near[0], middle[1]), anchor, leader, box)


def _is_within(box: Box, frame: Box) -> bool:
    return frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _along(leader: tuple[Point, Point] | None) -> list[Box]:
    """Small boxes along a line, its ends left out."""
    if not leader:
        return []
    (x0, y0), (x1, y1) = leader
    count = math.ceil(math.dist(*leader) / 3)
    shares = (number / count for number in range(1, count))
    return [around((x0 + (x1 - x0) * t, y0 + (y1 - y0) * t), 1.5, 1.5) for t in shares]


def _is_free(boxes: Sequence[Box], taken: Sequence[Box]) -> bool:
    return not any(_overlap(box, other) for box in boxes for other in taken)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
