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
    _check_shape("weights", weights, num_blocks, operations)
    canvas.check_fractions("weights", weights)
    largest = max(float(weights.max()), 2 / len(operations))
    return _draw_table(weights, num_blocks, operations, largest, "{:.3f}")


def draw_preferences(
    preferences: np.ndarray, num_blocks: int, operations: Sequence[str] = SEARCH_OPERATIONS
) -> Image.Image:
    """Draws t of alpha's logits, as `draw_alpha` their softmax; what is not preferred is light.

    The scale ends at the largest of all, but not below three, which noise rarely reaches.

    Args:
        preferences: float `[edges, operations]` from `decisions.preferences`.
        num_blocks: B, the blocks in the cell.
        operations: Names of the candidate operations, in the order of the columns.

    Returns:
        The picture.

    Raises:
        ValueError: The values have another shape.
    """
    preferences = np.asarray(preferences)
    _check_shape("preferences", preferences, num_blocks, operations)
    largest = max(float(preferences.max()), 3.0)
    return _draw_table(preferences, num_blocks, operations, largest, "{:+.1f}")


def _check_shape(name: str, values: np.ndarray, num_blocks: int, operations: Sequence[str]) -> None:
    shape = [trellis.num_edges(num_blocks), len(operations)]
    if list(values.shape) != shape:
        raise ValueError(
            f"{name}: expected shape {shape} for {num_blocks} blocks, found {list(values.shape)}."
        )


def _draw_table(
    values: np.ndarray, num_blocks: int, operations: Sequence[str], largest: float, text: str
) -> Image.Image:
    edges = trellis.edges(num_blocks)
    bottom = _row_top(len(edges) - 1, num_blocks - 1) + _CELL_HEIGHT
    table_right = _LEFT + len(operations) * _CELL_WIDTH
    sheet = canvas.Canvas(table_right + _BAR_LEFT + _BAR_WIDTH + _RIGHT, bottom + _BOTTOM)
    for column, operation in enumerate(operations):
        _draw_title(sheet, _LEFT + (column + 0.5) * _CELL_WIDTH, operation)
    for row, (state, block) in enumerate(edges):
        top = _row_top(row, block)
        _draw_row_label(sheet, top + _CELL_HEIGHT / 2, state, block)
        for column, value in enumerate(values[row]):
            fraction = max(float(value), 0.0) / largest
            frame = canvas.HIGHLIGHT if column == values[row].argmax() else None
            left = _LEFT + column * _CELL_WIDTH
            _draw_value(sheet, left, top, text.format(value), fraction, frame)
    _draw_scale(sheet, table_right + _BAR_LEFT, bottom, largest, text)
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


def _draw_value(
    sheet: canvas.Canvas,
    left: float,
    top: float,
    text: str,
    fraction: float,
    frame: canvas.Color | None,
) -> None:
    box = (left + 1, top + 1, left + _CELL_WIDTH - 1, top + _CELL_HEIGHT - 1)
    sheet.rounded_box(box, scale_color(fraction), frame, radius=3, width=2)
    color = canvas.PAPER if fraction > 0.55 else canvas.INK
    sheet.text((left + _CELL_WIDTH / 2, top + _CELL_HEIGHT / 2), text, 12, color)


def _draw_scale(
    sheet: canvas.Canvas, left: float, bottom: float, largest: float, text: str
) -> None:
    height = bottom - _TOP
    for y in range(height):
        right = left + _BAR_WIDTH
        middle = bottom - y - 0.5
        sheet.line((left, middle), (right, middle), scale_color(y / max(height - 1, 1)), 1.4)
    for fraction in (0.0, 0.5, 1.0):
        y = bottom - fraction * height
        sheet.text((left + _BAR_WIDTH + 8, y), text.format(fraction * largest), 12, anchor="lm")
