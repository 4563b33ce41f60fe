"""Raw image and label files, made fit for the tf.Example schema or refused by name."""

import dataclasses
import io
import zlib
from collections.abc import Sequence

from PIL import Image

from deeplab_nas.data import image_files
from deeplab_nas.data.brightness.ranges import Range
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.errors import UserError

_TURN = (
    ": one lies on its side, so turn the label as the image's EXIF orientation says, if it has one."
)


@dataclasses.dataclass(frozen=True)
class EncodedImage:
    """An RGB image as a file in memory.

    Attributes:
        encoded: The contents of the file.
        format: `jpeg` or `png`.
        height: Height in pixels.
        width: Width in pixels.
        numbers: As `image_files.Picture.numbers`, where its file was all but lost.
    """

    encoded: bytes
    format: str
    height: int
    width: int
    numbers: tuple[float, float] | None = None


def read_image(raw: bytes, name: str, image_range: Range | None = None) -> EncodedImage:
    """Checks an image file and converts it where the schema needs it.

    The bytes of an upright 8-bit RGB JPEG or PNG file are kept. Everything else that Pillow reads
    is turned upright, converted to RGB, scaled to 8 bits, and encoded as PNG.

    Args:
        raw: The contents of the file.
        name: Its name, for messages.
        image_range: Which numbers of a file of more than 8 bits become black and white; see
            `image_files.read`.

    Raises:
        UserError: As `image_files.read`.
    """
    picture = image_files.read(raw, name, image_range)
    encoded = raw if picture.format else encode_png(picture.pixels)
    width, height = picture.pixels.size
    return EncodedImage(encoded, picture.format or "png", height, width, picture.numbers)


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
            f"{label[0]}x{label[1]} (height x width)" + (_TURN if label == image[::-1] else ".")
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
