"""The trellis of resolutions with a path through it (Auto-DeepLab, Figures 1 and 3, left)."""

import numpy as np
from PIL import Image

from deeplab_nas.core import nas_genotypes, trellis
from deeplab_nas.drawing import canvas
from deeplab_nas.drawing.vector_canvas import Surface

_LEFT = 142
_TOP = 64
_COLUMN = 76
_ROW = 74
_RADIUS = 12
_RIGHT = 34
_BOTTOM = 34


def node_center(layer: int, level: int) -> canvas.Point:
    """Returns the pixel at which the node of a layer (0 is the stem) and a level is drawn."""
    return _LEFT + layer * _COLUMN, _TOP + level * _ROW


def draw_trellis(
    probabilities: np.ndarray | None,
    path: nas_genotypes.Path,
    surface: type[Surface] = canvas.Canvas,
) -> Image.Image | str:
    """Draws every arrow of the trellis, the more probable the wider and darker, and the path.

    Args:
        probabilities: float `[layers, 4, 3]` from `decoding.transition_probabilities`, or None to
            draw all arrows alike.
        path: The level of each layer, drawn in `canvas.HIGHLIGHT`.
        surface: What to draw on: `Canvas`, or `VectorCanvas` for SVG.

    Returns:
        The picture, as the surface gives it.

    Raises:
        ValueError: The path is not valid, or the probabilities have another shape or are not in
            0..1.
    """
    path = tuple(path)
    nas_genotypes.check_path(path)
    num_layers = len(path)
    mask = trellis.arrow_mask(num_layers)
    strengths = np.zeros(mask.shape) if probabilities is None else np.asarray(probabilities)
    if strengths.shape != mask.shape:
        raise ValueError(
            f"probabilities: expected shape {list(mask.shape)} for a path of {num_layers} layers,"
            f" found {list(strengths.shape)}."
        )
    canvas.check_fractions("probabilities", strengths)
    right, bottom = node_center(num_layers, nas_genotypes.NUM_LEVELS - 1)
    sheet = surface(right + _RIGHT, bottom + _BOTTOM)
    _draw_axes(sheet, num_layers)
    steps = list(enumerate(zip((0, *path), path, strict=False)))
    path_arrows = {(layer, source, target - source + 1) for layer, (source, target) in steps}
    # Faint arrows come first, so that dark ones and the path lie on top.
    arrows = [tuple(map(int, arrow)) for arrow in np.argwhere(mask)]
    for arrow in sorted(arrows, key=lambda arrow: (arrow in path_arrows, strengths[arrow])):
        _draw_arrow(sheet, arrow, float(strengths[arrow]), arrow in path_arrows)
    on_path = {(0, 0), *((layer + 1, target) for layer, (_, target) in steps)}
    for layer in range(num_layers + 1):
        for level in range(trellis.num_levels(layer)):
            chosen = (layer, level) in on_path
            fill, outline = (canvas.HIGHLIGHT, None) if chosen else (canvas.PAPER, canvas.MUTED)
            sheet.circle(node_center(layer, level), _RADIUS, fill, outline)
    return sheet.finish()


def _draw_axes(sheet: Surface, num_layers: int) -> None:
    for level in range(nas_genotypes.NUM_LEVELS):
        _, y = node_center(0, level)
        sheet.line((_LEFT - 30, y), (sheet.width - _RIGHT + 18, y), canvas.WASH, 2)
        stride = str(nas_genotypes.level_stride(level))
        sheet.text((_LEFT - 42, y), stride, color=canvas.MUTED, anchor="rm")
    sheet.text((_LEFT - 42, _TOP - 38), "output stride", color=canvas.MUTED, anchor="rm")
    for layer in range(num_layers + 1):
        x, _ = node_center(layer, 0)
        title = {0: "stem", 1: "layer 1"}.get(layer, str(layer))
        sheet.text((x, _TOP - 38), title, color=canvas.MUTED)


def _draw_arrow(sheet: Surface, arrow: tuple[int, int, int], strength: float, chosen: bool) -> None:
    layer, level, direction = arrow
    start = np.array(node_center(layer, level))
    end = np.array(node_center(layer + 1, level + direction - trellis.SAME))
    unit = (end - start) / np.linalg.norm(end - start)
    start, end = start + unit * (_RADIUS + 1), end - unit * (_RADIUS + 3)
    color = canvas.HIGHLIGHT if chosen else canvas.blend(canvas.FAINT, canvas.INK, strength)
    width = 1 + 4.5 * strength
    sheet.arrow(tuple(start), tuple(end), color, max(width, 3) if chosen else width)
