"""Images of one size, predicted together: a small image alone leaves a machine half idle."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.networks import inference
from deeplab_nas.errors import ImageError

# More of either takes no less time an image, only more memory.
_MOST_IMAGES = 16
_MOST_PIXELS = 2**18


class InputImage(NamedTuple):
    """An image file that has been read.

    Attributes:
        path: Where it lies.
        name: Of its result, relative to the output folders.
        raw: The contents of the file.
        pixels: The same, decoded, upright and scaled to 8 bits, uint8 `[height, width, 3]`.
        warning: A sentence on what is odd about it; empty for nothing.
    """

    path: str
    name: str
    raw: bytes
    pixels: np.ndarray
    warning: str = ""


def most_together(size: tuple[int, int], config: InferenceConfig) -> int:
    """How many images of a size `(height, width)` are best seen at once."""
    pixels = inference.most_pixels(size, config)
    return max(1, min(_MOST_IMAGES, _MOST_PIXELS // pixels))


def in_batches(
    images: Iterable[InputImage | ImageError], config: InferenceConfig | None
) -> Iterator[list[InputImage] | ImageError]:
    """Puts images together that follow each other and have one size.

    The first image comes alone, so that whatever is wrong shows early.

    Args:
        images: Images, and errors in the places of images that cannot be read.
        config: How the images are seen; None where each is a request of its own.

    Yields:
        In the same order, lists of one image or more, and the errors.
    """
    begun = False
    batch: list[InputImage] = []
    for image in images:
        if isinstance(image, ImageError):
            if batch:
                yield batch
            batch = []
            yield image
            continue
        size = image.pixels.shape[:2]
        if batch and batch[0].pixels.shape[:2] != size:
            yield batch
            batch = []
        batch.append(image)
        if len(batch) >= (most_together(size, config) if begun and config else 1):
            yield batch
            batch = []
            begun = True
    if batch:
        yield batch
