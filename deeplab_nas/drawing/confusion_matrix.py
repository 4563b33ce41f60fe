"""Which classes a network takes for which, as a table of colours."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from deeplab_nas.drawing import canvas
from deeplab_nas.drawing.heat_map import scale_color

_NAME_SIZE = 12
_LETTER_WIDTH = 7
_TOP = 58
_MARGIN = 16
_CELL = 40
_SMALL_CELL = 5
# More classes than this have no room for their names and numbers.
_MOST_WITH_TEXT = 40


def draw_confusion_matrix(matrix: np.ndarray, class_names: Sequence[str]) -> Image.Image:
    """Draws a row for each labelled class: the share of its pixels that each prediction got.

    Numbers are per cent of the row. A class that is not labelled has an empty row.

    Args:
        matrix: Pixel counts `[classes, classes]`, rows are labels and columns predictions.
        class_names: One name a class.

    Returns:
        The picture. Names and numbers are left out where there are too many classes.

    Raises:
        ValueError: The matrix has another shape.
    """
    matrix = np.asarray(matrix, np.float64)
    classes = len(class_names)
    if matrix.shape != (classes, classes):
        raise ValueError(
            f"matrix: expected shape {[classes, classes]}, found {list(matrix.shape)}."
        )
    with_text = classes <= _MOST_WITH_TEXT
    cell = _CELL if with_text else _SMALL_CELL
    longest = max(len(_title(i, name)) for i, name in enumerate(class_names)) if with_text else 8
    left = _MARGIN + longest * _LETTER_WIDTH
    sheet = canvas.Canvas(left + classes * cell + _MARGIN, _TOP + classes * cell + _MARGIN)
    sheet.text((left + classes * cell / 2, 18), "predicted, per cent of the labelled pixels", 13)
    if not with_text:
        sheet.text((left - 8, _TOP + classes * cell / 2), "labelled", 13, anchor="rm")
    totals = matrix.sum(axis=1)
    for row, name in enumerate(class_names):
        middle = _TOP + (row + 0.5) * cell
        if with_text:
            sheet.text((left - 8, middle), _title(row, name), _NAME_SIZE, anchor="rm")
            sheet.text((left + (row + 0.5) * cell, _TOP - 12), str(row), _NAME_SIZE)
        for column in range(classes):
            share = matrix[row, column] / totals[row] if totals[row] else None
            _draw_cell(sheet, left + column * cell, middle, cell, share, with_text)
    return sheet.finish()


def _title(number: int, name: str) -> str:
    return f"{name}  {number}"


def _draw_cell(
    sheet: canvas.Canvas,
    left: float,
    middle: float,
    cell: float,
    share: float | None,
    with_text: bool,
) -> None:
    gap = 1 if with_text else 0
    box = (left + gap, middle - cell / 2 + gap, left + cell - gap, middle + cell / 2 - gap)
    fill = canvas.WASH if share is None else scale_color(share)
    sheet.rounded_box(box, fill, radius=3 if with_text else 0)
    if with_text and share is not None and share >= 0.005:
        color = canvas.PAPER if share > 0.55 else canvas.INK
        sheet.text((left + cell / 2, middle), f"{100 * share:.0f}", _NAME_SIZE, color)
