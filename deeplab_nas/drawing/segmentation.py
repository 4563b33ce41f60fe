"""Images beside their true and predicted label maps."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from deeplab_nas.drawing import canvas

TITLES = ("image", "truth", "prediction")

_GAP = 10
_TITLE_HEIGHT = 34
_MIN_TILE_WIDTH = 160
_MAX_TILE_WIDTH = 640
_HATCH_PERIOD = 8
_HATCH_COLORS: tuple[canvas.Color, canvas.Color] = ((44, 47, 51), (92, 97, 103))


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
        truth = _colored("labels", np.where(ignored, 0, label), colormap)
        tiles = (
            _image_tile(image, (width, height)),
            _label_tile(truth, ignored, (width, height)),
            _label_tile(
                _colored("predictions", prediction, colormap),
                np.zeros_like(ignored),
                (width, height),
            ),
        )
        for column, tile in enumerate(tiles):
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


def _colored(name: str, labels: np.ndarray, colormap: Sequence[canvas.Color]) -> np.ndarray:
    if labels.min() < 0 or labels.max() >= len(colormap):
        raise ValueError(
            f"{name}: expected values in 0..{len(colormap) - 1}, found"
            f" {labels.min()}..{labels.max()}."
        )
    return np.asarray(colormap, dtype=np.uint8)[labels]


def _image_tile(image: np.ndarray, size: tuple[int, int]) -> Image.Image:
    pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    enlarged = size[0] >= image.shape[1]
    method = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
    return Image.fromarray(pixels).resize(size, method)


def _label_tile(colors: np.ndarray, ignored: np.ndarray, size: tuple[int, int]) -> Image.Image:
    tile = Image.fromarray(colors).resize(size, Image.Resampling.NEAREST)
    mask = Image.fromarray(ignored).resize(size, Image.Resampling.NEAREST)
    width, height = size
    diagonal = np.add.outer(np.arange(height), np.arange(width)) // (_HATCH_PERIOD // 2) % 2
    hatch = Image.fromarray(np.array(_HATCH_COLORS, dtype=np.uint8)[diagonal])
    tile.paste(hatch, mask=mask)
    return tile
