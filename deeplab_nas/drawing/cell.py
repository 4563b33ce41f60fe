"""The cell as a graph (Auto-DeepLab, Figure 3, right)."""

import math

from PIL import Image

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import Architecture, Cell
from deeplab_nas.drawing import canvas, cell_layout, labels
from deeplab_nas.drawing.cell_layout import NUM_INPUTS, Layout, Slot
from deeplab_nas.drawing.vector_canvas import Surface

_MARGIN = 24
_INPUT_WIDTH = 56
_INPUT_HEIGHT = 38
_PILL_WIDTH = 104
_PILL_HEIGHT = 26
_PILL_GAP = 8
_PADDING = 10
_SUM_RADIUS = 10
_SUM_ROOM = 64
_BLOCK_WIDTH = _PADDING + _PILL_WIDTH + _SUM_ROOM
_BLOCK_HEIGHT = 2 * (_PADDING + _PILL_HEIGHT) + _PILL_GAP
_LANE_HEIGHT = 8
_SLOT_GAP = 14
_COLUMN_GAP = 92
_CONCAT_GAP = 44
_CONCAT_WIDTH = 64
_OUTPUT_ROOM = 74

# One colour a state, so that wires can be told apart where they cross.
_WIRES: tuple[canvas.Color, ...] = (
    *((33, 37, 41), (134, 142, 150)),
    *((25, 113, 194), (232, 89, 12), (47, 158, 68), (156, 54, 181)),
    *((201, 42, 42), (12, 133, 153), (148, 104, 16)),
)


def draw_cell(
    architecture: Architecture | Cell, surface: type[Surface] = canvas.Canvas
) -> Image.Image | str:
    """Draws a cell: its two inputs, its blocks by depth, and the concatenation of the blocks.

    Args:
        architecture: An architecture, or its cell alone.
        surface: What to draw on: `Canvas`, or `VectorCanvas` for SVG.

    Returns:
        The picture, as the surface gives it.

    Raises:
        ValueError: The cell is not valid.
    """
    cell = architecture.cell if isinstance(architecture, Architecture) else architecture
    nas_genotypes.check_cell(cell)
    layout = cell_layout.lay_out(cell, _BLOCK_HEIGHT, _LANE_HEIGHT, _SLOT_GAP)
    concatenation = _column_left(len(layout.columns)) - _COLUMN_GAP + _CONCAT_GAP
    width = concatenation + _CONCAT_WIDTH + _OUTPUT_ROOM
    sheet = surface(width, layout.height + 2 * _MARGIN)
    for column in range(1, len(layout.columns)):
        _draw_column(sheet, layout, column, cell)
    for slot, y in _placed(layout, 0):
        _draw_input(sheet, slot.state, y)
    _draw_concatenation(sheet, layout, concatenation)
    return sheet.finish()


def _column_left(column: int) -> float:
    if column == 0:
        return _MARGIN
    return _MARGIN + _INPUT_WIDTH + _COLUMN_GAP + (column - 1) * (_BLOCK_WIDTH + _COLUMN_GAP)


def _column_right(column: int) -> float:
    return _column_left(column) + (_BLOCK_WIDTH if column else _INPUT_WIDTH)


def _placed(layout: Layout, column: int) -> list[tuple[Slot, float]]:
    """Returns the slots of a column, each with the height of its middle in the picture."""
    centers = [_MARGIN + center for center in layout.centers[column]]
    return list(zip(layout.columns[column], centers, strict=True))


def _wire_color(state: int) -> canvas.Color:
    blocks = _WIRES[NUM_INPUTS:]
    return _WIRES[state] if state < NUM_INPUTS else blocks[(state - NUM_INPUTS) % len(blocks)]


def _draw_column(sheet: Surface, layout: Layout, column: int, cell: Cell) -> None:
    """Draws the lanes and blocks of a column and the wires that enter them."""
    left, right = _column_left(column), _column_right(column)
    exits = {slot.state: y for slot, y in _placed(layout, column - 1)}
    for slot, y in _placed(layout, column):
        if slot.is_lane:
            color = _lane_color(layout, column, slot.state)
            sheet.curve((_column_right(column - 1), exits[slot.state]), (left, y), color)
            sheet.line((left, y), (right, y), color)
    for slot, y in _placed(layout, column):
        if not slot.is_lane:
            _draw_block(sheet, slot.state, (left, y))
            block = cell[slot.state - NUM_INPUTS]
            # In the order of their sources, so that the two wires do not cross.
            pairs = sorted(block, key=lambda pair: exits[pair[0]])
            for sign, (state, operation) in zip((-1, 1), pairs, strict=True):
                pill = (left + _PADDING, y + sign * (_PILL_HEIGHT + _PILL_GAP) / 2)
                start = (_column_right(column - 1), exits[state])
                sheet.curved_arrow(start, pill, _wire_color(state))
                _draw_operation(sheet, operation, pill, y)


def _lane_color(layout: Layout, column: int, state: int) -> canvas.Color:
    """Lanes grow pale where nothing but the concatenation waits for them."""
    wanted = any(
        state in slot.sources
        for later in layout.columns[column + 1 :]
        for slot in later
        if not slot.is_lane
    )
    return _wire_color(state) if wanted else _pale(_wire_color(state))


def _pale(color: canvas.Color) -> canvas.Color:
    return canvas.blend(color, canvas.PAPER, 0.55)


def _draw_input(sheet: Surface, state: int, y: float) -> None:
    left = _column_left(0)
    box = (left, y - _INPUT_HEIGHT / 2, left + _INPUT_WIDTH, y + _INPUT_HEIGHT / 2)
    sheet.rounded_box(box, canvas.WASH, _wire_color(state))
    _write_state(sheet, (left + _INPUT_WIDTH / 2, y), f"l-{state + 1}")


def _write_state(sheet: Surface, center: canvas.Point, superscript: str) -> None:
    x, y = center
    x -= canvas.text_width(superscript, 11) / 2
    sheet.text((x, y + 2), "H", 16)
    sheet.text((x + 7, y - 5), superscript, 11, anchor="lm")


def _draw_block(sheet: Surface, state: int, left: canvas.Point) -> None:
    x, y = left
    box = (x, y - _BLOCK_HEIGHT / 2, x + _BLOCK_WIDTH, y + _BLOCK_HEIGHT / 2)
    sheet.rounded_box(box, canvas.WASH, canvas.FAINT, radius=10)
    center = _sum_center(x, y)
    sheet.line(center, (x + _BLOCK_WIDTH, y), _wire_color(state))
    sheet.circle(center, _SUM_RADIUS, canvas.PAPER, _wire_color(state))
    sheet.line((center[0] - 5, y), (center[0] + 5, y), canvas.INK)
    sheet.line((center[0], y - 5), (center[0], y + 5), canvas.INK)
    sheet.text((center[0], y - 27), nas_genotypes.state_name(state), 11, canvas.MUTED)


def _sum_center(left: float, y: float) -> canvas.Point:
    return left + _BLOCK_WIDTH - _SUM_ROOM / 2, y


def _draw_operation(
    sheet: Surface, operation: str, left: canvas.Point, block_center: float
) -> None:
    x, y = left
    box = (x, y - _PILL_HEIGHT / 2, x + _PILL_WIDTH, y + _PILL_HEIGHT / 2)
    sheet.rounded_box(box, labels.operation_color(operation), radius=_PILL_HEIGHT / 2)
    sheet.text((x + _PILL_WIDTH / 2, y), labels.operation_label(operation), 12)
    end_x, end_y = _sum_center(x - _PADDING, block_center)
    rise = _SUM_RADIUS * math.sqrt(0.5) * (1 if y > block_center else -1)
    end = (end_x - _SUM_RADIUS * math.sqrt(0.5), end_y + rise)
    sheet.curve((x + _PILL_WIDTH, y), end, canvas.MUTED)


def _draw_concatenation(sheet: Surface, layout: Layout, left: float) -> None:
    column = len(layout.columns) - 1
    slots = _placed(layout, column)
    for slot, y in slots:
        color = _pale(_wire_color(slot.state))
        sheet.arrow((_column_right(column), y), (left - 1, y), color)
    top, bottom = slots[0][1] - _INPUT_HEIGHT / 2, slots[-1][1] + _INPUT_HEIGHT / 2
    right, middle = left + _CONCAT_WIDTH, (top + bottom) / 2
    sheet.rounded_box((left, top, right, bottom), canvas.WASH, canvas.INK)
    sheet.text((left + _CONCAT_WIDTH / 2, middle), "concat")
    sheet.arrow((right, middle), (right + 30, middle), canvas.INK)
    _write_state(sheet, (right + 48, middle), "l")
