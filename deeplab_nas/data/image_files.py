"""Image files as Pillow reads them: upright, RGB, 8 bits, or refused by name."""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from deeplab_nas.data import examples
from deeplab_nas.errors import ImageError
from deeplab_nas.files import git_lfs


def open_image(raw: bytes, name: str) -> Image.Image:
    """Decodes an image file as it is; its name is for messages.

    Raises:
        ImageError: If the file is no image, damaged or too large.
    """
    git_lfs.refuse_pointer(raw, name, ImageError)
    try:
        image = Image.open(io.BytesIO(raw))
        if image.width * image.height > examples.MAX_PIXELS:
            raise ImageError(
                f"Expected at most {examples.MAX_PIXELS} pixels in {name}, found "
                f"{image.width * image.height}: scale it down."
            )
        image.load()
    except UnidentifiedImageError as error:
        raise ImageError(
            f"Expected an intact image file in {name}, but it is none that Pillow knows."
        ) from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(
            f"Expected an intact image file in {name}, but it cannot be read ({error})."
        ) from error
    return image


def to_rgb(image: Image.Image, name: str) -> Image.Image:
    """Turns a decoded image upright and converts it to 8-bit RGB; the name is for messages.

    Raises:
        ImageError: If it has neither 8 nor 16 bits a channel.
    """
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        # Pillow would clip 16 bits to the darkest of 256 brightnesses instead of scaling them.
        image = Image.fromarray((np.array(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ImageError(
            f"Expected 8 or 16 bits a channel in {name}, found mode {image.mode}: convert it first."
        )
    return image.convert("RGB")
