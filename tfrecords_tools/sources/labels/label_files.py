"""Label files: the ids or the colours that they hold, exactly, or refused by name."""

import collections
import re
from collections.abc import Iterator

import numpy as np
from PIL import Image

from deeplab_nas.data import image_files
from deeplab_nas.errors import UserError

MAX_ID = 65535

_EXACT_FORMATS = ("PNG", "TIFF", "BMP", "GIF", "WEBP", "PPM")
_LOSSY_TIFF = ("jpeg", "tiff_jpeg", "webp")
_WITH_ALPHA = ("LA", "PA", "RGBA")
_WITH_COLORS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
_PNG_BIT_DEPTH = 24
_TIFF_BITS_PER_SAMPLE = 258
_MOST_SHOWN = 5
_TAKE_IDS = "take the files that hold ids, not those to look at"


def read_ids(raw: bytes, name: str, on_colors: str = _TAKE_IDS) -> np.ndarray:
    """Reads label ids as the file has them, of a palette file the indices and not the colours.

    Files of one channel, of 1 to 16 bits or of 32-bit integers, and those whose red, green and blue
    are equal everywhere. An EXIF orientation is followed, as it is for images.

    Args:
        raw: The contents of the file.
        name: Its name, for messages.
        on_colors: What to do where the file holds colours, without a full stop.

    Returns:
        Ids, uint8 or uint16 `[height, width]`.

    Raises:
        UserError: If the file is no such image, or one whose compression changes ids.
    """
    image, bits = _open(raw, name)
    if image.mode in ("RGB", "RGBA"):
        _require_opaque(image, name)
        channels = np.asarray(image)
        if np.any(channels[..., :1] != channels[..., 1:3]):
            shown = show_colors(count_colors(_codes(image)))
            raise UserError(
                f"Expected label ids in {name}, found colours (mode {image.mode}), {shown}: "
                f"{on_colors}."
            )
        return channels[..., 0]
    if image.mode in ("LA", "PA"):
        _require_opaque(image, name)
        return np.asarray(image)[..., 0]
    if image.mode in ("1", "L", "P"):
        ids = np.array(image, np.uint8)
        # Pillow spreads the brightnesses of a file of 2 or 4 bits over 0..255.
        if image.mode == "L" and bits in (2, 4):
            ids //= 255 // (2**bits - 1)
        return _unspread(ids, raw).astype(np.uint8)
    if image.mode.startswith("I"):
        ids = _unspread(np.asarray(image), raw)
        if ids.min() < 0 or ids.max() > MAX_ID:
            raise UserError(
                f"Expected label ids of 0 to {MAX_ID} in {name}, found {ids.min()} to {ids.max()}: "
                "number the labels anew."
            )
        return ids.astype(np.uint16)
    raise _wrong_mode(image, name, "label ids as integers, one channel")


def _is_gray(image: Image.Image) -> bool:
    """Whether the palette of an image holds grays alone."""
    colors = np.reshape(image.getpalette("RGB"), (-1, 3))
    return bool((colors == colors[:, :1]).all())


def _unspread(ids: np.ndarray, raw: bytes) -> np.ndarray:
    """Undoes, for a PGM file, that Pillow spreads its brightnesses over all of 8 or 16 bits."""
    if not raw.startswith((b"P2", b"P5")):
        return ids
    # Format, width, height and the largest brightness, with comments between.
    largest = int(re.sub(rb"#[^\r\n]*", b"", raw).split(maxsplit=4)[3])
    return np.rint(ids * (largest / (255 if largest < 256 else MAX_ID))).astype(np.int64)


def read_label(raw: bytes, name: str, on_colors: str = _TAKE_IDS) -> np.ndarray:
    """Reads label ids that are classes already, uint8 `[height, width]`; see `read_ids`.

    Raises:
        UserError: As `read_ids`, or if an id is above 255.
    """
    ids = read_ids(raw, name, on_colors)
    if ids.max() > 255:
        raise UserError(
            f"Expected label ids of 0 to 255 in {name}, found {ids.max()}: map them to classes."
        )
    return ids.astype(np.uint8)


def read_colors(raw: bytes, name: str) -> np.ndarray:
    """Reads the colours of a label file, of a palette file those of its palette.

    Args:
        raw: The contents of the file.
        name: Its name, for messages.

    Returns:
        The colours as numbers, `color_code`, int32 `[height, width]`.

    Raises:
        UserError: If the file is no image of colours, or one whose compression changes them.
    """
    image, _ = _open(raw, name)
    if image.mode not in _WITH_COLORS:
        raise _wrong_mode(image, name, "colours of 8 bits a channel")
    _require_opaque(image, name)
    return _codes(image.convert("RGB"))


def color_code(red: int, green: int, blue: int) -> int:
    """The number of a colour whose channels are 0..255."""
    return red << 16 | green << 8 | blue


def count_colors(codes: np.ndarray) -> dict[int, int]:
    """The pixels of each colour of an array of `color_code`, the most frequent colour first."""
    found = collections.Counter(dict(zip(*np.unique(codes, return_counts=True), strict=True)))
    return {int(code): int(count) for code, count in found.most_common()}


def show_colors(pixels: dict[int, int]) -> str:
    """Colours and their pixels as a message has them."""
    shown = [
        f"({code >> 16}, {code >> 8 & 255}, {code & 255}) in {count} pixels"
        for code, count in list(pixels.items())[:_MOST_SHOWN]
    ]
    left = len(pixels) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def _open(raw: bytes, name: str) -> tuple[Image.Image, int]:
    """The picture, upright, and its bits a channel."""
    image = image_files.open_image(raw, name)
    kind = _lossy_kind(image, raw)
    if kind:
        raise UserError(
            f"Expected a lossless label file in {name}, found {kind}, whose compression changes "
            "ids and colours: take the original masks, or part what is left of them by a threshold "
            "and save that as PNG."
        )
    bits = _bit_depth(image, raw)
    if bits > 8 and not image.mode.startswith(("I", "F")):
        raise UserError(
            f"Expected 8 bits a channel or one channel of 16 in {name}, found 16 bits a channel in "
            f"mode {image.mode}: save it in 8 bits a channel."
        )
    if image.format == "GIF" and image.mode == "P" and _is_gray(image):
        # A GIF has no grays but those of a palette, which its writers renumber.
        image = image.convert("L")
    return image_files.upright(image, name), bits


def _lossy_kind(image: Image.Image, raw: bytes) -> str:
    """What the file is called where its compression is not known to be exact; else empty."""
    if image.format not in _EXACT_FORMATS:
        return "JPEG" if image.format == "MPO" else str(image.format)
    if image.format == "TIFF" and image.info.get("compression") in _LOSSY_TIFF:
        return f"TIFF with {image.info['compression']} compression"
    if image.format == "WEBP" and b"VP8L" not in _webp_chunks(raw):
        return "lossy WebP"
    return ""


def _webp_chunks(raw: bytes) -> Iterator[bytes]:
    position = 12
    while position + 8 <= len(raw):
        yield raw[position : position + 4]
        size = int.from_bytes(raw[position + 4 : position + 8], "little")
        position += 8 + size + size % 2


def _bit_depth(image: Image.Image, raw: bytes) -> int:
    """Bits a channel of PNG and TIFF files, which Pillow widens or narrows to 8; else 8."""
    if image.format == "PNG":
        return raw[_PNG_BIT_DEPTH]
    if image.format == "TIFF":
        return max(image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (1,)))
    return 8


def _require_opaque(image: Image.Image, name: str) -> None:
    if image.mode in _WITH_ALPHA:
        transparent = np.count_nonzero(np.asarray(image.getchannel("A")) != 255)
        if transparent:
            raise UserError(
                f"Expected opaque pixels in the label {name}, found {transparent} that are "
                "transparent: save it without transparency."
            )


def _codes(image: Image.Image) -> np.ndarray:
    red, green, blue = np.moveaxis(np.asarray(image, np.int32)[..., :3], -1, 0)
    return color_code(red, green, blue)


def _wrong_mode(image: Image.Image, name: str, expected: str) -> UserError:
    kind = "floating point, mode F" if image.mode == "F" else f"mode {image.mode}"
    return UserError(f"Expected {expected}, in {name}, found {kind}: save it as a PNG of those.")
