"""The weights of the operations on every edge as a table of colours."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from deeplab_nas.core import trellis
from deeplab_nas.core.nas_genotypes import state_name
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.drawing import canvas, labels

_LEFT = 168
_TOP = 62
_CELL_WIDTH = 64
_CELL_HEIGHT = 26
_BLOCK_GAP = 10
_BAR_LEFT = 28
_BAR_WIDTH = 16
_RIGHT = 64
_BOTTOM = 24

_LIGHT: canvas.Color = (247, 250, 253)
_MIDDLE: canvas.Color = (107, 164, 214)
_DARK: canvas.Color = (14, 52, 104)


def draw_alpha(
    weights: np.ndarray, num_blocks: int, operations: Sequence[str] = SEARCH_OPERATIONS
) -> Image.Image:
    """Draws the softmax of alpha: a row for each edge, a column for each operation.

    The largest weight of a row is framed. The scale ends at the largest of all, but not below
    twice a uniform weight, so that an undecided cell does not look decided.

    Args:
        weights: float `[edges, operations]` from `decoding.operation_weights`.
        num_blocks: B, the blocks in the cell.
        operations: Names of the candidate operations, in the order of the columns.

    Returns:
        The picture.

    Raises:
        ValueError: The weights have another shape or are not in 0..1.
    """
    weights = np.asarray(weights)
    edges = trellis.edges(num_blocks)
    if weights.shape != (len(edges), len(operations)):
        raise ValueError(
            f"weights: expected shape {[len(edges), len(operations)]} for {num_blocks}"
            f" blocks, found {list(weights.shape)}."
        )
    canvas.check_fractions("weights", weights)
    bottom = _row_top(len(edges) - 1, num_blocks - 1) + _CELL_HEIGHT
    table_right = _LEFT + len(operations) * _CELL_WIDTH
    sheet = canvas.Canvas(table_right + _BAR_LEFT + _BAR_WIDTH + _RIGHT, bottom + _BOTTOM)
    for column, operation in enumerate(operations):
        _draw_title(sheet, _LEFT + (column + 0.5) * _CELL_WIDTH, operation)
    largest = max(float(weights.max()), 2 / len(operations))
    for row, (state, block) in enumerate(edges):
        top = _row_top(row, block)
        _draw_row_label(sheet, top + _CELL_HEIGHT / 2, state, block)
        for column, weight in enumerate(weights[row]):
            best = column == weights[row].argmax()
            _draw_weight(sheet, _LEFT + column * _CELL_WIDTH, top, float(weight), largest, best)
    _draw_scale(sheet, table_right + _BAR_LEFT, bottom, largest)
    return sheet.finish()


def scale_color(fraction: float) -> canvas.Color:
    """Returns the colour of a weight that is `fraction`, 0 to 1, of the largest."""
    if fraction < 0.5:
        return canvas.blend(_LIGHT, _MIDDLE, 2 * fraction)
    return canvas.blend(_MIDDLE, _DARK, 2 * fraction - 1)


def _row_top(row: int, block: int) -> int:
    return _TOP + row * _CELL_HEIGHT + block * _BLOCK_GAP


def _draw_title(sheet: canvas.Canvas, x: float, operation: str) -> None:
    words = labels.operation_label(operation).rsplit(" ", 1)
    for line, word in enumerate(reversed(words)):
        sheet.text((x, _TOP - 14 - 16 * line), word, 12)


def _draw_row_label(sheet: canvas.Canvas, y: float, state: int, block: int) -> None:
    end = _LEFT - 12
    sheet.text((end, y), f"block {block}", 12, anchor="rm")
    sheet.arrow((end - 74, y), (end - 50, y), canvas.MUTED, 1.25)
    sheet.text((end - 82, y), state_name(state), 12, anchor="rm")


def _draw_weight(
    sheet: canvas.Canvas, left: float, top: float, weight: float, largest: float, best: bool
) -> None:
    box = (left + 1, top + 1, left + _CELL_WIDTH - 1, top + _CELL_HEIGHT - 1)
    fraction = weight / largest
    frame = canvas.HIGHLIGHT if best else None
    sheet.rounded_box(box, scale_color(fraction), frame, radius=3, width=2)
    color = canvas.PAPER if fraction > 0.55 else canvas.INK
    center = (left + _CELL_WIDTH / 2, top + _CELL_HEIGHT / 2)
    sheet.text(center, f"{weight:.3f}", 12, color)


def _draw_scale(sheet: canvas.Canvas, left: float, bottom: float, largest: float) -> None:
    height = bottom - _TOP
    for y in range(height):
        right = left + _BAR_WIDTH
        middle = bottom - y - 0.5
        sheet.line((left, middle), (right, middle), scale_color(y / max(height - 1, 1)), 1.4)
    for fraction in (0.0, 0.5, 1.0):
        y = bottom - fraction * height
        sheet.text((left + _BAR_WIDTH + 8, y), f"{fraction * largest:.3f}", 12, anchor="lm")
