"""Raw image and label files, made fit for the tf.Example schema or refused by name."""

import dataclasses
import io
import re
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import ExifTags, Image

from deeplab_nas.data import image_files
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.errors import UserError

_PNG_BIT_DEPTH = 24


@dataclasses.dataclass(frozen=True)
class EncodedImage:
    """An RGB image as a file in memory.

    Attributes:
        encoded: The contents of the file.
        format: `jpeg` or `png`.
        height: Height in pixels.
        width: Width in pixels.
    """

    encoded: bytes
    format: str
    height: int
    width: int


def read_image(raw: bytes, name: str) -> EncodedImage:
    """Checks an image file, whose name is for messages, and converts it where the schema needs it.

    The bytes of an upright 8-bit RGB JPEG or PNG file are kept. Everything else that Pillow reads
    is turned upright, converted to RGB, 16 bits to 8, and encoded as PNG.

    Raises:
        UserError: If the file is no image, damaged, too large, or has not 8 or 16 bits a channel.
    """
    image = image_files.open_image(raw, name)
    turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
    if image.format in ("JPEG", "PNG") and image.mode == "RGB" and not turned:
        return EncodedImage(raw, image.format.lower(), image.height, image.width)
    image = image_files.to_rgb(image, name)
    return EncodedImage(encode_png(image), "png", image.height, image.width)


def read_label(raw: bytes, name: str) -> np.ndarray:
    """Reads label ids, uint8 `[height, width]`, of a palette file the indices and not the colours.

    Raises:
        UserError: If the file is no single-channel image of at most 8 bits.
    """
    image = image_files.open_image(raw, name)
    if image.mode not in ("1", "L", "P"):
        raise UserError(
            f"Expected a single-channel 8-bit image of label ids in {name}, found mode "
            f"{image.mode}: convert colours to ids first."
        )
    if image.format == "GIF" and image.mode == "P" and _is_gray(image):
        # A GIF has no grays but those of a palette, which its writers renumber.
        image = image.convert("L")
    ids = np.array(image, np.uint8)
    # Pillow spreads the brightnesses of a file of 2 or 4 bits over 0..255.
    if image.format == "PNG" and image.mode == "L" and raw[_PNG_BIT_DEPTH] in (2, 4):
        ids //= 255 // (2 ** raw[_PNG_BIT_DEPTH] - 1)
    # And of a PGM file whose brightnesses end below 255 as well.
    if image.format == "PPM" and image.mode == "L":
        ids = np.rint(ids / 255 * _largest_brightness(raw)).astype(np.uint8)
    return ids


def _is_gray(image: Image.Image) -> bool:
    """Whether the palette of an image holds grays alone."""
    colors = np.reshape(image.getpalette("RGB"), (-1, 3))
    return bool((colors == colors[:, :1]).all())


def _largest_brightness(pgm: bytes) -> int:
    """What the header of a PGM file says: format, width, height and this, with comments between."""
    return int(re.sub(rb"#[^\r\n]*", b"", pgm).split(maxsplit=4)[3])


def check_label(
    size: tuple[int, int],
    histogram: Sequence[int],
    image: EncodedImage,
    name: str,
    descriptor: DatasetDescriptor,
) -> None:
    """Refuses a label that does not fit its image or its data set.

    Args:
        size: Height and width of the label, in pixels.
        histogram: Its pixels by label id, `[256]`.
        image: The image it belongs to.
        name: Name of the image, for messages.
        descriptor: Which ids are right.

    Raises:
        UserError: If the sizes differ or an id is neither a class nor the ignore label.
    """
    check_sizes(size, (image.height, image.width), name)
    wrong = [
        label
        for label in range(descriptor.num_classes, 256)
        if histogram[label] and label != descriptor.ignore_label
    ]
    if wrong:
        raise UserError(
            f"Expected label ids below {descriptor.num_classes} or the ignore label "
            f"{descriptor.ignore_label} in the label of {name}, found {', '.join(map(str, wrong))}."
        )


def check_sizes(label: tuple[int, int], image: tuple[int, int], name: str) -> None:
    """Raises `UserError` unless a label and its image have one height and width, in pixels."""
    if label != image:
        raise UserError(
            f"Expected image and label of {name} to have one size, found {image[0]}x{image[1]} and "
            f"{label[0]}x{label[1]} (height x width)."
        )


def encode_png(image: Image.Image, **options) -> bytes:
    """Returns an image as the contents of a PNG file; the options are those of Pillow."""
    buffer = io.BytesIO()
    image.save(buffer, "png", **options)
    return buffer.getvalue()


def encode_label(label: Image.Image) -> bytes:
    """Returns a label map as the contents of a PNG file."""
    # Label maps are runs of equal ids: run lengths alone are found a third sooner, and are a tenth
    # smaller, than zlib's default.
    return encode_png(label, compress_type=zlib.Z_RLE)
