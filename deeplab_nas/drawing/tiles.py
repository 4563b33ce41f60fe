"""An image, or a label map in the colours of its classes, as a picture of another size."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from deeplab_nas.drawing import canvas

_HATCH_PERIOD = 8
_HATCH_COLORS: tuple[canvas.Color, canvas.Color] = ((44, 47, 51), (92, 97, 103))


def image_tile(image: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Resizes an image, uint8 or float `[height, width, 3]` in 0..255, to `(width, height)`."""
    pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    enlarged = size[0] >= image.shape[1]
    method = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
    return Image.fromarray(pixels).resize(size, method)


def label_tile(colors: np.ndarray, ignored: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Resizes a label map without mixing its colours.

    Args:
        colors: What `colored` returned.
        ignored: Which pixels are ignored, bool `[height, width]`; they are hatched in grey.
        size: Width and height of the picture.
    """
    tile = Image.fromarray(colors).resize(size, Image.Resampling.NEAREST)
    mask = Image.fromarray(ignored).resize(size, Image.Resampling.NEAREST)
    tile.paste(hatch(size), mask=mask)
    return tile


def hatch(size: tuple[int, int]) -> Image.Image:
    """What stands for ignored pixels, as a picture of `(width, height)`."""
    width, height = size
    diagonal = np.add.outer(np.arange(height), np.arange(width)) // (_HATCH_PERIOD // 2) % 2
    return Image.fromarray(np.array(_HATCH_COLORS, dtype=np.uint8)[diagonal])


def colored(name: str, labels: np.ndarray, colormap: Sequence[canvas.Color]) -> np.ndarray:
    """The colours of label ids, uint8 `[height, width, 3]`.

    Raises:
        ValueError: A label has no colour; the message begins with `name`.
    """
    if labels.min() < 0 or labels.max() >= len(colormap):
        raise ValueError(
            f"{name}: expected values in 0..{len(colormap) - 1}, found"
            f" {labels.min()}..{labels.max()}."
        )
    return np.asarray(colormap, dtype=np.uint8)[labels]
