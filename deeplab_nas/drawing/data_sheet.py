"""A sheet of what a data set holds: examples of its splits, and the share of each class."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from deeplab_nas.drawing import canvas, label_maps, tiles

_BOX = 256
# An image of one row of pixels is to be seen too.
_LEAST_SIDE = 4
_GAP = 6
_MARGIN = 20
_EXAMPLES_A_ROW = 2
_TITLE, _HEADER, _CAPTION = 40, 22, 40
_COLUMNS = ("image", "labels over it", "labels")
_EXAMPLE_WIDTH = len(_COLUMNS) * (_BOX + _GAP) - _GAP
_WIDTH = 2 * _MARGIN + _EXAMPLES_A_ROW * _EXAMPLE_WIDTH + 2 * _MARGIN

_LINE, _SWATCH = 22, 15
_NAME_WIDTH = 190
_SHARE_WIDTH = 64
_SMALL = 11.5


@dataclasses.dataclass(frozen=True)
class Example:
    """An example, as large as the sheet shows it.

    Attributes:
        name: Of the image.
        facts: What else to tell of it, such as its size.
        tiles: The image, the labels over it and the labels.
    """

    name: str
    facts: str
    tiles: tuple[Image.Image, ...]


@dataclasses.dataclass(frozen=True)
class Section:
    """A split.

    Attributes:
        split: Its name.
        facts: What else to tell of it, such as how many images it has.
        examples: Some of it.
        pixels: Pixels of each class in all of it, int `[classes]`.
        ignored: Ignored pixels in all of it.
    """

    split: str
    facts: str
    examples: Sequence[Example]
    pixels: Sequence[int]
    ignored: int


def example(
    name: str,
    facts: str,
    image: np.ndarray,
    label: np.ndarray,
    colormap: Sequence[canvas.Color],
    ignore_label: int,
) -> Example:
    """Reduces an example to what the sheet shows of it; small ones are enlarged.

    Args:
        name: As in `Example`.
        facts: As in `Example`.
        image: uint8 or float `[height, width, 3]`, 0..255.
        label: Integers `[height, width]`; `ignore_label` is hatched in grey.
        colormap: A colour for each class.
        ignore_label: The label of pixels that do not count.

    Raises:
        ValueError: A label has no colour.
    """
    size = _tile_size(*label.shape)
    ignored = label == ignore_label
    ids = np.where(ignored, 0, label)
    labels = tiles.label_tile(tiles.colored(name, ids, colormap), ignored, size)
    plain = tiles.image_tile(image, size)
    reduced, outside = (
        Image.fromarray(value).resize(size, Image.Resampling.NEAREST)
        for value in (ids.astype(np.uint8), ignored)
    )
    over = label_maps.overlay(np.asarray(plain), np.asarray(reduced), colormap)
    over.paste(plain, mask=outside)
    return Example(name, facts, (plain, over, labels))


def draw(
    sections: Sequence[Section],
    class_names: Sequence[str],
    colormap: Sequence[canvas.Color],
    ignore_label: int,
) -> Image.Image:
    """Draws the legend with the share of each class in each split, then the examples of each.

    Args:
        sections: The splits, at least one.
        class_names: A name for each class.
        colormap: A colour for each class.
        ignore_label: The label of pixels that do not count; one of the classes in some data sets.

    Returns:
        The picture.
    """
    parts = [_legend(sections, class_names, colormap, ignore_label)]
    for section in sections:
        parts.append(_heading(section))
        rows = range(0, len(section.examples), _EXAMPLES_A_ROW)
        parts += [_row(section.examples[first : first + _EXAMPLES_A_ROW]) for first in rows]
    width = max(part.width for part in parts)
    sheet = Image.new("RGB", (width, sum(part.height for part in parts) + _MARGIN), canvas.PAPER)
    top = 0
    for part in parts:
        sheet.paste(part, (0, top))
        top += part.height
    return sheet


def _tile_size(height: int, width: int) -> tuple[int, int]:
    scale = _BOX / max(height, width)
    if scale >= 1:
        return width * math.floor(scale), height * math.floor(scale)
    return max(round(width * scale), _LEAST_SIDE), max(round(height * scale), _LEAST_SIDE)


def _legend(sections, class_names, colormap, ignore_label) -> Image.Image:
    """A line a class, in as many columns as fit side by side."""
    lines = [
        (f"{label}  {name}", color, [_share(section, label, ignore_label) for section in sections])
        for label, (name, color) in enumerate(zip(class_names, colormap, strict=True))
    ]
    lines.append(
        (f"{ignore_label}  ignored", None, [_share(each, None, ignore_label) for each in sections])
    )
    shares_width = len(sections) * _SHARE_WIDTH
    column_width = _SWATCH + 8 + _NAME_WIDTH + shares_width + 2 * _MARGIN
    columns = max(1, (_WIDTH - 2 * _MARGIN) // column_width)
    lines_a_column = -(-len(lines) // columns)
    columns = -(-len(lines) // lines_a_column)
    width = max(_WIDTH, 2 * _MARGIN + columns * column_width)
    sheet = canvas.Canvas(width, _MARGIN + _HEADER + lines_a_column * _LINE)
    hatched = []
    for number, (title, color, shares) in enumerate(lines):
        column, line = divmod(number, lines_a_column)
        left = _MARGIN + column * column_width
        middle = _MARGIN + _HEADER + (line + 0.5) * _LINE
        right = left + column_width - 2 * _MARGIN - shares_width
        if color is None:
            hatched.append((left, round(middle - _SWATCH / 2)))
        else:
            box = (left, middle - _SWATCH / 2, left + _SWATCH, middle + _SWATCH / 2)
            sheet.rounded_box(box, color, canvas.MUTED, radius=3)
        name = canvas.shortened(title, _NAME_WIDTH - 8, 13)
        sheet.text((left + _SWATCH + 8, middle), name, 13, anchor="lm")
        for place, (section, (share, ink)) in enumerate(zip(sections, shares, strict=True)):
            edge = right + (place + 1) * _SHARE_WIDTH
            sheet.text((edge, middle), share, 12, ink, anchor="rm")
            if line == 0:
                split = canvas.shortened(section.split, _SHARE_WIDTH - 6, _SMALL)
                sheet.text((edge, _MARGIN + _HEADER / 2), split, _SMALL, canvas.MUTED, "rm")
    picture = sheet.finish()
    for corner in hatched:
        picture.paste(tiles.hatch((_SWATCH, _SWATCH)), corner)
    return picture


def _share(section: Section, label: int | None, ignore_label: int) -> tuple[str, canvas.Color]:
    """What is told of a class, or of the ignored pixels, and in which colour."""
    if label == ignore_label:
        return "ignored", canvas.MUTED
    count = section.ignored if label is None else section.pixels[label]
    total = sum(section.pixels) + section.ignored
    if count:
        return f"{count / total:.2%}" if count / total >= 5e-5 else "<0.01%", canvas.INK
    return "none", canvas.MUTED if label is None else canvas.HIGHLIGHT


def _heading(section: Section) -> Image.Image:
    sheet = canvas.Canvas(_WIDTH, _TITLE + _HEADER)
    title = canvas.shortened(section.split, _WIDTH / 2, 17)
    middle = _TITLE / 2 + 4
    sheet.text((_MARGIN, middle), title, 17, anchor="lm")
    left = _MARGIN + canvas.text_width(title, 17) + 14
    facts = canvas.shortened(section.facts, _WIDTH - _MARGIN - left, 13)
    sheet.text((left, middle + 1), facts, 13, canvas.MUTED, "lm")
    for place in range(min(_EXAMPLES_A_ROW, len(section.examples))):
        for column, name in enumerate(_COLUMNS):
            corner = (_example_left(place) + column * (_BOX + _GAP), _TITLE + _HEADER / 2)
            sheet.text(corner, name, _SMALL, canvas.MUTED, "lm")
    return sheet.finish()


def _row(examples: Sequence[Example]) -> Image.Image:
    height = max(one.tiles[0].height for one in examples)
    sheet = canvas.Canvas(_WIDTH, height + _CAPTION)
    for place, one in enumerate(examples):
        for line, (text, size, ink) in enumerate(
            [(one.name, 12, canvas.INK), (one.facts, _SMALL, canvas.MUTED)]
        ):
            shown = canvas.shortened(text, _EXAMPLE_WIDTH, size)
            below = one.tiles[0].height + 9 + 14 * line
            sheet.text((_example_left(place), below), shown, size, ink, "lm")
    picture = sheet.finish()
    for place, one in enumerate(examples):
        for column, tile in enumerate(one.tiles):
            picture.paste(tile, (_example_left(place) + column * (_BOX + _GAP), 0))
    return picture


def _example_left(place: int) -> int:
    return _MARGIN + place * (_EXAMPLE_WIDTH + 2 * _MARGIN)
