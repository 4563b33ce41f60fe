"""The numbers of image files of more than 8 bits a channel, which Pillow would cut off or refuse.

Pillow has one channel of 16 bits (`I;16`) and of 32 (`I`, `F`), and gives of three channels of 16
bits the higher byte of each. The lower one comes from decoding the file once more, as if its bytes
were the other way round.
"""

import re
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from deeplab_nas.errors import ImageError

_LARGEST_OF_16_BITS = 2**16 - 1
# How Pillow names what lies in a file: channels, bits, and the order of the bytes.
_CHANNELS_OF_16_BITS = re.compile(r"(RGB|RGBA|RGBa|RGBX|LA);16([BLN])")
# Tags of TIFF.
_BITS_PER_SAMPLE, _COMPRESSION, _PLANAR, _SAMPLE_FORMAT = 258, 259, 284, 339
_UNSIGNED, _UNCOMPRESSED, _SEPARATE = 1, 1, 2


class DeepValues(NamedTuple):
    """What a file of more than 8 bits a channel holds.

    Attributes:
        values: Numbers `[height, width]` of grey or `[height, width, 3]` of colours.
        largest: The largest number that there is room for; None in files of 32 bits, whose numbers
            mean nothing without a range.
    """

    values: np.ndarray
    largest: int | None


def is_deep(image: Image.Image) -> bool:
    """Whether a file that Pillow has opened, and not loaded, has more than 8 bits a channel."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return True
    return any(
        _CHANNELS_OF_16_BITS.fullmatch(_raw_mode(tile)) or _is_deep_ppm(tile) for tile in image.tile
    ) or _is_planar(image)


def decode(image: Image.Image, reopen: Callable[[], Image.Image], name: str) -> DeepValues:
    """Decodes such a file.

    Args:
        image: The file as Pillow has opened it.
        reopen: Opens it once more.
        name: Name of the file, for messages.

    Raises:
        ImageError: Its channels lie apart and are compressed, which Pillow cannot decode.
    """
    if _is_deep_ppm(image.tile[0]):
        return _decode_ppm(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _decode_one_channel(image)
    if _is_planar(image):
        if image.tag_v2.get(_COMPRESSION, _UNCOMPRESSED) != _UNCOMPRESSED:
            raise ImageError(
                f"Expected the channels of a pixel side by side in {name}, found compressed planes "
                "of 16 bits: convert it to interleaved channels."
            )
        order = "L" if image.tag_v2.prefix == b"II" else "B"
        first, second = (
            _decode_as(reopen(), lambda raw_mode, half=half: f"{raw_mode[0]};16{half}")
            for half in "BL"
        )
        return DeepValues(_joined(first, second, order)[..., :3], _LARGEST_OF_16_BITS)
    channels, order = _CHANNELS_OF_16_BITS.fullmatch(_raw_mode(image.tile[0])).groups()
    if channels == "LA":
        # Four bytes a pixel, of which the first two are the grey.
        pixels = _decode_as(reopen(), lambda raw_mode: "RGBA")
        return DeepValues(_joined(pixels[..., 0], pixels[..., 1], order), _LARGEST_OF_16_BITS)
    plain = channels.upper()
    first, second = (
        _decode_as(reopen(), lambda raw_mode, half=half: f"{plain};16{half}") for half in "BL"
    )
    values = _joined(first, second, order)
    if channels == "RGBa":
        alpha = np.maximum(values[..., 3:], 1)
        values = np.minimum(values[..., :3] * (_LARGEST_OF_16_BITS / alpha), _LARGEST_OF_16_BITS)
        values = np.rint(values).astype(np.uint16)
    return DeepValues(values[..., :3], _LARGEST_OF_16_BITS)


def _decode_one_channel(image):
    is_16_bits, raw_mode = image.mode.startswith("I;16"), _raw_mode(image.tile[0])
    is_unsigned = image.format == "TIFF" and image.tag_v2.get(_SAMPLE_FORMAT, (1,))[0] == _UNSIGNED
    image.load()
    values = np.asarray(image)
    if is_16_bits:
        largest = 2**12 - 1 if raw_mode == "I;12" else _LARGEST_OF_16_BITS
        return DeepValues(values.astype(np.uint16, copy=False), largest)
    if raw_mode == "I;16B":
        return DeepValues(values.astype(np.uint16), _LARGEST_OF_16_BITS)
    # Pillow has no unsigned numbers of 32 bits, and gives the upper half of them as negative ones.
    return DeepValues(values.view(np.uint32) if is_unsigned and image.mode == "I" else values, None)


def _decode_ppm(image):
    decoder, _, offset, (raw_mode, largest) = image.tile[0]
    if decoder == "ppm":
        shape = (image.height, image.width, 3) if raw_mode == "RGB" else (image.height, image.width)
        file = image.fp.getvalue()
        values = np.frombuffer(file, ">u2", int(np.prod(shape)), offset).reshape(shape)
        return DeepValues(values.astype(np.uint16), largest)
    image.load()
    # Pillow has scaled the numbers to 16 bits.
    values = np.rint(np.asarray(image) * (largest / _LARGEST_OF_16_BITS))
    return DeepValues(values.astype(np.uint16), largest)


def _is_deep_ppm(tile) -> bool:
    decoder, args = tile[0], tile[3]
    if decoder not in ("ppm", "ppm_plain") or not isinstance(args, tuple):
        return False
    # Of colours in text Pillow gives 8 bits, scaled by the largest number, and nothing else.
    return args[-1] > 255 and not (decoder == "ppm_plain" and args[0] == "RGB")


def _is_planar(image) -> bool:
    """Whether it is a TIFF of three channels of 16 bits, one behind the other."""
    return (
        image.format == "TIFF"
        and image.mode in ("RGB", "RGBA")
        and image.tag_v2.get(_PLANAR) == _SEPARATE
        and max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))) == 16
    )


def _raw_mode(tile) -> str:
    args = tile[3]
    return str(args[0] if isinstance(args, tuple) and args else args)


def _decode_as(image, raw_mode) -> np.ndarray:
    """The bytes of a file whose raw modes are others than Pillow has found, uint8."""

    def changed(tile):
        args = tile.args
        other = raw_mode(_raw_mode(tile))
        return tile._replace(args=(other, *args[1:]) if isinstance(args, tuple) else other)

    image.tile = [changed(tile) for tile in image.tile]
    image.load()
    return np.asarray(image)


def _joined(first, second, order) -> np.ndarray:
    """Numbers of two bytes that lie in this order in a file, uint16."""
    little = order == "L" or (order == "N" and sys.byteorder == "little")
    low, high = (first, second) if little else (second, first)
    joined = high.astype(np.uint16)
    joined <<= 8
    joined |= low
    return joined
