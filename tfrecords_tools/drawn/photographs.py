"""Drawn pictures as a camera would deliver them."""

import io

import numpy as np
from PIL import Image

from tfrecords_tools.sources.labeled_image import LabeledImage

_JPEG_QUALITY = 92


def labeled(name: str, image: np.ndarray, label: np.ndarray) -> LabeledImage:
    """Encodes a picture as JPEG.

    Args:
        name: Its name in the shards.
        image: uint8 `[height, width, 3]`.
        label: uint8 `[height, width]`.
    """
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "jpeg", quality=_JPEG_QUALITY)
    return LabeledImage(name, buffer.getvalue(), label)
