"""A whole architecture on one sheet: the path and the cell (Auto-DeepLab, Figure 3)."""

from PIL import Image

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.drawing import canvas, cell, trellis

_MARGIN = 24
_TITLE_HEIGHT = 44
_CAPTION_HEIGHT = 36
_GAP = 6


def draw_architecture(architecture: Architecture) -> Image.Image:
    """Draws the path through the resolutions and, below it, the cell.

    Args:
        architecture: What to draw.

    Returns:
        The picture, under a title with the layers, the blocks and the final output stride.
    """
    title = (
        f"Layers L = {architecture.num_layers},  blocks B = {architecture.num_blocks},  "
        f"final output stride {architecture.output_stride}"
    )
    parts = (
        ("Path through the resolutions", trellis.draw_trellis(None, architecture.path)),
        ("Cell", cell.draw_cell(architecture)),
    )
    text_width = canvas.text_width(title, 18) + 2 * _MARGIN
    width = max(text_width, *(picture.width for _, picture in parts))
    height = _MARGIN + _TITLE_HEIGHT
    height += sum(_CAPTION_HEIGHT + picture.height + _GAP for _, picture in parts)
    sheet = canvas.Canvas(width, height)
    sheet.text((_MARGIN, _MARGIN + 12), title, 18, anchor="lm")
    corners = []
    top = _MARGIN + _TITLE_HEIGHT
    for caption, picture in parts:
        sheet.line((_MARGIN, top), (sheet.width - _MARGIN, top), canvas.FAINT, 1)
        sheet.text((_MARGIN, top + 22), caption, 14, canvas.MUTED, "lm")
        corners.append(((sheet.width - picture.width) // 2, top + _CAPTION_HEIGHT))
        top += _CAPTION_HEIGHT + picture.height + _GAP
    result = sheet.finish()
    for (_, picture), corner in zip(parts, corners, strict=True):
        result.paste(picture, corner)
    return result
