"""Image files as Pillow reads them: one picture, upright, RGB, 8 bits; or refused in one sentence.

Every file that a program is given by name is opened here, and nowhere else by Pillow.
"""

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from deeplab_nas.data import examples
from deeplab_nas.data.brightness import deep_values, ranges
from deeplab_nas.data.brightness.ranges import Range
from deeplab_nas.errors import ImageError, UserError
from deeplab_nas.files import git_lfs

# What Pillow tries. Others start programs (EPS), read other files, or were never meant for pictures
# that somebody labels. The JPEG of a phone may hold several pictures (MPO).
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SUBFILE_TYPE = 254
# Bits of that tag of a TIFF: a smaller copy of another picture, and a mask.
_NO_PICTURE = 1 | 4
_MOST_DIRECTORIES = 100
_MOST_TOLD = 200

# Numbers below this, in files with room for 16 bits, leave a picture all but black.
_DIM = 2**14

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow finds odd about a file that it can read is of use to nobody who has many.
_ODD = ("ignore", None, Warning, re.compile(r"PIL\b"), 0)
logging.getLogger("PIL").setLevel(logging.CRITICAL)


class Picture(NamedTuple):
    """An image file as networks see it.

    Attributes:
        pixels: Upright, RGB, 8 bits.
        format: `jpeg` or `png` where the file is one that holds these very pixels, so that its
            bytes may stand for them; else empty.
        numbers: The smallest and the largest number of a file of more than 8 bits a channel, if all
            but nothing of it is left in `pixels`; None where enough is.
        blank: Whether `pixels` are of one brightness, while the numbers are not.
    """

    pixels: Image.Image
    format: str
    numbers: tuple[float, float] | None = None
    blank: bool = False


def read(raw: bytes, name: str, scale: Range | None = None) -> Picture:
    """Reads an image file.

    Args:
        raw: The contents of the file.
        name: Its name, for messages.
        scale: The numbers that become black and white, where the file has more than 8 bits a
            channel; None takes all that 16 bits have room for.

    Returns:
        The picture.

    Raises:
        ImageError: The file is no image, damaged, too large, or holds several pictures, or its
            numbers have 32 bits and there is no range for them.
    """
    with _pillow(name):
        image = _opened(io.BytesIO(raw), name)
        if deep_values.is_deep(image):
            return _read_deep(image, lambda: _opened(io.BytesIO(raw), name), name, scale)
        image.load()
        upright = _upright(image, _orientation(image, name))
        same = upright is image and image.mode == "RGB"
        kept = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png"}.get(image.format, "")
        return Picture(upright.convert("RGB"), kept if same else "")


def kind(raw: bytes, name: str) -> tuple[str, str]:
    """Format and mode of an image file as Pillow calls them, without decoding it.

    The mode is empty where it has more than 8 bits a channel.

    Raises:
        ImageError: As `open_image`.
    """
    with _pillow(name):
        image = _opened(io.BytesIO(raw), name)
        return image.format, "" if deep_values.is_deep(image) else image.mode


def largest_number(file: BinaryIO, name: str) -> int | None:
    """The largest number in an image file of 16 bits; None for one of 8 bits, which is not decoded.

    Where the file says that it has room for fewer bits, it is the largest that they can hold.

    Raises:
        ImageError: As `read`; for numbers of 32 bits as well.
    """
    with _pillow(name):
        image = _opened(file, name)
        if not deep_values.is_deep(image):
            return None
        file.seek(0)
        raw = file.read()
        image = _opened(io.BytesIO(raw), name)
        found = deep_values.decode(image, lambda: _opened(io.BytesIO(raw), name), name)
        if found.largest is None:
            raise _no_range(name, image.mode)
        return found.largest if found.largest < 2**16 - 1 else int(found.values.max())


def open_image(raw: bytes, name: str) -> Image.Image:
    """Decodes an image file as it is; its name is for messages.

    Raises:
        ImageError: If the file is no image, damaged, too large, or holds several pictures.
    """
    with _pillow(name):
        image = _opened(io.BytesIO(raw), name)
        image.load()
    return image


def to_rgb(image: Image.Image, name: str) -> Image.Image:
    """Turns a decoded image upright and converts it to 8-bit RGB; the name is for messages.

    Raises:
        ImageError: If it has neither 8 nor 16 bits a channel.
    """
    with _pillow(name):
        image = _upright(image, _orientation(image, name))
        if image.mode.startswith("I;16"):
            # Pillow would clip 16 bits to the darkest of 256 brightnesses instead of scaling them.
            image = Image.fromarray((np.array(image) >> 8).astype(np.uint8))
        if image.mode in ("I", "F"):
            raise _no_range(name, image.mode)
        return image.convert("RGB")


def upright(image: Image.Image, name: str) -> Image.Image:
    """Turns a decoded image as its EXIF orientation says; the name is for messages."""
    with _pillow(name):
        return _upright(image, _orientation(image, name))


@contextlib.contextmanager
def _pillow(name: str) -> Iterator[None]:
    """Turns whatever Pillow raises at a file into an `ImageError`.

    Its plugins check little: what they run into in a damaged file comes out as it is, a KeyError as
    well as a MemoryError.
    """
    # Not for as long as a file is read: filters belong to all threads together.
    if _ODD not in warnings.filters:
        warnings.filterwarnings("ignore", module=_ODD[3].pattern)
    try:
        yield
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(
            f"Expected an intact image file in {name}, but it is none that Pillow knows."
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"Expected at most {examples.MAX_PIXELS} pixels in {name}, found more: scale it down."
        ) from error
    except Exception as error:
        told = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
        told = told[:_MOST_TOLD].rstrip(" .") or type(error).__name__
        raise ImageError(
            f"Expected an intact image file in {name}, but it cannot be read ({told})."
        ) from error


def _opened(file: BinaryIO, name: str) -> Image.Image:
    """The file as Pillow opens it, of which it has not decoded any pixel yet."""
    try:
        image = Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        file.seek(0)
        head = file.read(git_lfs.NUM_BYTES)
        git_lfs.refuse_pointer(head, name, ImageError)
        if not head.startswith(_TIFF_SIGNATURES):
            raise
        raise ImageError(
            f"Expected an intact TIFF file of 1, 3 or 4 channels of 8 or 16 bits in {name}, found "
            "one that Pillow cannot read: convert it first."
        ) from None
    if image.width * image.height > examples.MAX_PIXELS:
        raise ImageError(
            f"Expected at most {examples.MAX_PIXELS} pixels in {name}, found "
            f"{image.width * image.height}: scale it down."
        )
    if not image.width * image.height:
        raise ImageError(
            f"Expected pixels in {name}, found an image of {image.width}x{image.height}."
        )
    # Pillow leaves black what no strip and no tile of a TIFF covers.
    covered = sum((x2 - x1) * (y2 - y1) for _, (x1, y1, x2, y2), *_ in image.tile)
    if image.format == "TIFF" and covered < image.width * image.height:
        raise ImageError(
            f"Expected all of {image.width}x{image.height} pixels in {name}, found {covered} of "
            "them: copy or save it again."
        )
    if _has_several(image):
        raise ImageError(
            f"Expected one picture in {name}, found several pages or frames: save the one that is "
            "meant as a file of its own."
        )
    return image


def _has_several(image) -> bool:
    """Whether a file holds pictures of equal right, such as pages or frames.

    The first one of a phone's JPEG is the photograph, and the others go with it (depth, a second
    lens). So do the smaller copies that a TIFF may hold of its picture.
    """
    if image.format == "MPO":
        return False
    if image.format != "TIFF":
        return getattr(image, "is_animated", False)
    if not image.is_animated:
        return False
    for number in range(1, _MOST_DIRECTORIES):
        try:
            image.seek(number)
        except EOFError:
            image.seek(0)
            return False
        if not image.tag_v2.get(_SUBFILE_TYPE, 0) & _NO_PICTURE:
            return True
    return True


def _orientation(image, name) -> int:
    """How a camera says that it was held (Exif 2.3, tag 0x0112); upright where that is damaged."""
    try:
        with _pillow(name):
            return image.getexif().get(ExifTags.Base.Orientation, 1)
    except ImageError:
        # The pixels may still be whole.
        return 1


def _upright(image, orientation):
    """The image, or a turned copy of it."""
    how = _UPRIGHT.get(orientation)
    return image if how is None else image.transpose(how)


def _read_deep(image, reopen, name, scale):
    mode = image.mode
    values, largest = deep_values.decode(image, reopen, name)
    # Pillow turns a TIFF when it decodes it, and may decode a PNG to find its orientation.
    orientation = 1 if image.format == "TIFF" else _orientation(image, name)
    is_full = largest == 2**16 - 1
    if scale is not None:
        brightness = ranges.to_8_bits(values, scale)
    elif largest is None:
        raise _no_range(name, mode)
    elif is_full:
        brightness = (values >> 8).astype(np.uint8)
    else:
        brightness = ranges.to_8_bits(values, (0, largest))
    pixels = _upright(Image.fromarray(brightness), orientation).convert("RGB")
    least, most = (ranges.whole(found.item()) for found in (values.min(), values.max()))
    blank = bool(least < most and brightness.min() == brightness.max())
    all_but_black = scale is None and is_full and 0 < most < _DIM
    return Picture(pixels, "", (least, most) if blank or all_but_black else None, blank)


def _no_range(name, mode):
    return ImageError(
        f"Expected 8 or 16 bits a channel in {name}, found mode {mode}: convert it first, or say "
        "with --image_range which numbers are black and white."
    )
