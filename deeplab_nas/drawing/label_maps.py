"""Label maps for people: with a palette, over their image, and explained."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from deeplab_nas.drawing import canvas

_OPACITY = 0.55
_LINE = 24
_SWATCH = 16
_MARGIN = 12
_LETTER_WIDTH = 8
_MOST_LINES = 40


def with_palette(label_map: np.ndarray, colormap: Sequence[canvas.Color]) -> Image.Image:
    """Makes a picture whose pixels are class ids and that shows as colours.

    Args:
        label_map: Class ids `[height, width]`.
        colormap: A colour for each class.

    Returns:
        A picture of mode P; saved as PNG, `np.array` of it gives the ids back.
    """
    picture = Image.fromarray(np.asarray(label_map, np.uint8), mode="P")
    picture.putpalette([channel for color in colormap for channel in color])
    return picture


def overlay(
    image: np.ndarray, label_map: np.ndarray, colormap: Sequence[canvas.Color]
) -> Image.Image:
    """Lays the colours of the classes over an image.

    Args:
        image: uint8 `[height, width, 3]`.
        label_map: Class ids `[height, width]`.
        colormap: A colour for each class.

    Returns:
        The picture, mode RGB.
    """
    colors = np.asarray(colormap, np.float32)[label_map]
    mixed = (1 - _OPACITY) * image.astype(np.float32) + _OPACITY * colors
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def draw_legend(class_names: Sequence[str], colormap: Sequence[canvas.Color]) -> Image.Image:
    """Draws the colour, the id and the name of each class, in as many columns as it takes."""
    longest = max(len(_title(i, name)) for i, name in enumerate(class_names))
    column_width = _SWATCH + 10 + longest * _LETTER_WIDTH + _MARGIN
    columns = -(-len(class_names) // _MOST_LINES)
    lines = min(len(class_names), _MOST_LINES)
    sheet = canvas.Canvas(_MARGIN + columns * column_width, 2 * _MARGIN + lines * _LINE)
    for number, (name, color) in enumerate(zip(class_names, colormap, strict=True)):
        column, line = divmod(number, _MOST_LINES)
        left = _MARGIN + column * column_width
        middle = _MARGIN + (line + 0.5) * _LINE
        box = (left, middle - _SWATCH / 2, left + _SWATCH, middle + _SWATCH / 2)
        sheet.rounded_box(box, color, canvas.MUTED, radius=3)
        sheet.text((left + _SWATCH + 10, middle), _title(number, name), 13, anchor="lm")
    return sheet.finish()


def _title(number: int, name: str) -> str:
    return f"{number}  {name}"
