"""Images beside their true and predicted label maps."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from deeplab_nas.drawing import canvas, tiles

TITLES = ("image", "truth", "prediction")

_GAP = 10
_TITLE_HEIGHT = 34
_MIN_TILE_WIDTH = 160
_MAX_TILE_WIDTH = 640


def draw_predictions(
    images: np.ndarray,
    labels: np.ndarray,
    predictions: np.ndarray,
    colormap: Sequence[canvas.Color],
    ignore_label: int,
) -> Image.Image:
    """Draws a row for each image: the image, its truth and its prediction.

    Small pictures are enlarged by a whole factor, large ones reduced, both without mixing labels.

    Args:
        images: uint8 or float `[n, height, width, 3]`, 0..255.
        labels: int `[n, height, width]`; `ignore_label` is hatched in grey.
        predictions: int `[n, height, width]`.
        colormap: A colour for each class.
        ignore_label: The label of pixels that do not count.

    Returns:
        The picture.

    Raises:
        ValueError: The shapes do not belong together, or a label has no colour.
    """
    images, labels, predictions = (np.asarray(value) for value in (images, labels, predictions))
    if images.ndim != 4 or images.shape[-1] != 3 or not images.size:
        raise ValueError(f"images: expected [n, height, width, 3], found {list(images.shape)}.")
    for name, value in (("labels", labels), ("predictions", predictions)):
        if value.shape != images.shape[:3]:
            raise ValueError(
                f"{name}: expected shape {list(images.shape[:3])}, found {list(value.shape)}."
            )
    width, height = _tile_size(*images.shape[1:3])
    sheet = canvas.Canvas(
        _GAP + len(TITLES) * (width + _GAP), _TITLE_HEIGHT + len(images) * (height + _GAP)
    )
    for column, title in enumerate(TITLES):
        center = _GAP + column * (width + _GAP) + width / 2
        sheet.text((center, _TITLE_HEIGHT / 2), title, 14)
    picture = sheet.finish()
    for row, (image, label, prediction) in enumerate(zip(images, labels, predictions, strict=True)):
        ignored = label == ignore_label
        truth = tiles.colored("labels", np.where(ignored, 0, label), colormap)
        row_tiles = (
            tiles.image_tile(image, (width, height)),
            tiles.label_tile(truth, ignored, (width, height)),
            tiles.label_tile(
                tiles.colored("predictions", prediction, colormap),
                np.zeros_like(ignored),
                (width, height),
            ),
        )
        for column, tile in enumerate(row_tiles):
            corner = (_GAP + column * (width + _GAP), _TITLE_HEIGHT + row * (height + _GAP))
            picture.paste(tile, corner)
    return picture


def _tile_size(height: int, width: int) -> tuple[int, int]:
    if width < _MIN_TILE_WIDTH:
        factor = -(-_MIN_TILE_WIDTH // width)
        return width * factor, height * factor
    if width > _MAX_TILE_WIDTH:
        return _MAX_TILE_WIDTH, max(1, round(height * _MAX_TILE_WIDTH / width))
    return width, height
