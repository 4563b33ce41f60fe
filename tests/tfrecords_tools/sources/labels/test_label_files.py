"""Label files of all kinds are read exactly or refused."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from deeplab_nas.errors import UserError
from tests import refusals
from tfrecords_tools.sources.labels import label_files

IDS = np.array([[0, 1, 2, 3], [255, 1, 0, 3], [2, 2, 14, 15]], np.uint8)
COLORS = np.random.default_rng(0).integers(0, 256, (*IDS.shape, 3), np.uint8)


def encoded(image, image_format="png", **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def repeated(ids, channels, alpha=255):
    stacked = np.repeat(ids[..., None], channels, -1)
    stacked[..., 3:] = alpha
    return stacked


def palette(ids, colors=((7, 90, 30),) * 256):
    image = Image.fromarray(ids, mode="P")
    image.putpalette([channel for color in colors for channel in color])
    return image


@pytest.mark.parametrize("image_format", ["png", "tiff", "bmp"])
def test_one_channel_of_8_bits(image_format):
    np.testing.assert_array_equal(label_files.read_ids(encoded(IDS, image_format), "x"), IDS)


@pytest.mark.parametrize(
    "image",
    [
        palette(IDS),
        repeated(IDS, 3),
        repeated(IDS, 4),
        np.stack([IDS, np.full_like(IDS, 255)], -1),
        IDS.astype(np.uint16),
    ],
    ids=["palette", "RGB", "RGBA", "LA", "16 bits"],
)
def test_other_forms_of_the_same_ids(image):
    found = label_files.read_label(encoded(image), "x")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, IDS)


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("image_format", ["png", "tiff"])
def test_few_bits(bits, image_format):
    ids = np.arange(16, dtype=np.uint8).reshape(4, 4) % 2**bits
    if image_format == "png":
        raw = encoded(palette(ids, ((0, 0, 0),) * 2**bits), bits=bits)
        np.testing.assert_array_equal(label_files.read_label(raw, "x"), ids)
    if bits == 1:
        raw = encoded(ids.astype(bool), image_format)
    else:
        # Pillow does not write gray files of 2 or 4 bits.
        raw = _gray_png(ids, bits) if image_format == "png" else _gray_tiff(ids, bits)
    np.testing.assert_array_equal(label_files.read_label(raw, "x"), ids)


def _gray_png(ids, bits):
    raw = bytearray(encoded(palette(ids, ((0, 0, 0),) * 2**bits), bits=bits))
    assert (raw[24], raw[25]) == (bits, 3)
    raw[25] = 0
    raw[29:33] = _crc(raw[12:29])
    start = raw.index(b"PLTE") - 4
    del raw[start : start + 12 + int.from_bytes(raw[start : start + 4], "big")]
    return bytes(raw)


def _crc(data):
    return zlib.crc32(data).to_bytes(4, "big")


def _gray_tiff(ids, bits):
    raw = bytearray(encoded(Image.fromarray(_packed(ids, bits)), "tiff"))
    with Image.open(io.BytesIO(raw)) as image:
        strip = image.tag_v2[273][0]
    # The same bytes, told to be several ids each.
    for tag, value in ((256, ids.shape[1]), (258, bits)):
        entry = raw.index(tag.to_bytes(2, "little"), 8)
        kind = int.from_bytes(raw[entry + 2 : entry + 4], "little")
        raw[entry + 8 : entry + 12] = value.to_bytes({3: 2, 4: 4}[kind], "little").ljust(4, b"\0")
    assert strip > 8
    return bytes(raw)


def _packed(ids, bits):
    spread = (ids[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(spread.reshape(len(ids), -1), axis=1)


def test_ids_of_16_bits_and_of_32():
    ids = np.array([[0, 256], [26001, 65535]])
    for raw in (encoded(ids.astype(np.uint16)), encoded(ids.astype(np.int32), "tiff")):
        np.testing.assert_array_equal(label_files.read_ids(raw, "x"), ids)
        with refusals.refused("0 to 255 in deep.png", "found 65535"):
            label_files.read_label(raw, "deep.png")
    with refusals.refused("0 to 65535 in deep.tif", "found -1 to 7"):
        label_files.read_ids(encoded(np.array([[-1, 7]], np.int32), "tiff"), "deep.tif")


def test_lossless_webp_is_read_and_lossy_is_refused():
    raw = encoded(repeated(IDS, 3), "webp", lossless=True)
    np.testing.assert_array_equal(label_files.read_ids(raw, "x"), IDS)
    for raw in (
        encoded(repeated(IDS, 3), "webp"),
        encoded(repeated(IDS, 4, alpha=IDS[..., None]), "webp"),
    ):
        with refusals.refused("lossless label file in soft.webp", "lossy WebP"):
            label_files.read_ids(raw, "soft.webp")


@pytest.mark.parametrize(
    "read", [label_files.read_ids, label_files.read_label, label_files.read_colors]
)
@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (encoded(IDS, "jpeg"), "found JPEG, whose compression changes ids"),
        (encoded(repeated(IDS, 3), "jpeg", quality=100), "found JPEG"),
        (encoded(repeated(IDS, 3), "tiff", compression="jpeg"), "TIFF with jpeg compression"),
    ],
)
def test_compression_that_changes_ids_is_the_reason(read, raw, kind):
    # Whatever it is called.
    with refusals.refused("lossless label file in mask.png", kind):
        read(raw, "mask.png")


@pytest.mark.parametrize(
    ("image", "image_format", "words"),
    [
        (COLORS, "png", ["found colours (mode RGB)", "in 1 pixels and 7 more: do this."]),
        (repeated(IDS, 4, alpha=0), "png", ["opaque", "found 12 that are transparent"]),
        (IDS.astype(np.float32), "tiff", ["floating point, mode F"]),
        (Image.fromarray(COLORS).convert("CMYK"), "tiff", ["mode CMYK"]),
    ],
)
def test_what_is_no_label_is_refused(image, image_format, words):
    with refusals.refused("painted", *words):
        label_files.read_ids(encoded(image, image_format), "painted", "do this")


@pytest.mark.parametrize("image", [IDS, repeated(IDS, 3), IDS.astype(np.float32)])
def test_colours_are_not_spoken_of_where_there_are_none(image):
    raw = encoded(image, "tiff" if image.dtype == np.float32 else "jpeg")
    with pytest.raises(UserError) as error:
        label_files.read_ids(raw, "x", "convert colours")
    assert "convert colours" not in str(error.value)


def test_16_bits_of_colour_would_lose_their_lower_half():
    # Red, green and blue of 16 bits, which Pillow reads but does not write.
    rows = b"".join(b"\0" + b"\0\5" * 6 for _ in range(3))
    raw = _png_of(2, 3, 16, 2, rows)
    with refusals.refused("found 16 bits a channel in mode RGB"):
        label_files.read_ids(raw, "deep.png")


def _png_of(width, height, bits, kind, rows):
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([bits, kind, 0, 0, 0])
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + name + data + _crc(name + data) for name, data in chunks
    )


def test_a_label_is_turned_upright_as_its_image_is():
    exif = Image.Exif()
    exif[0x0112] = 6
    for image in (IDS, palette(IDS), IDS.astype(np.uint16), repeated(IDS, 3)):
        found = label_files.read_ids(encoded(image, exif=exif), "x")
        np.testing.assert_array_equal(found, np.rot90(IDS, -1))


def test_colours_of_all_forms_are_the_same_numbers():
    ids = np.arange(12, dtype=np.uint8).reshape(3, 4)
    expected = (COLORS.astype(int) * (65536, 256, 1)).sum(-1)
    opaque = np.concatenate([COLORS, np.full((3, 4, 1), 255, np.uint8)], -1)
    for image in (COLORS, opaque, palette(ids, COLORS.reshape(-1, 3).tolist())):
        np.testing.assert_array_equal(label_files.read_colors(encoded(image), "x"), expected)
    gray = label_files.read_colors(encoded(IDS), "x")
    np.testing.assert_array_equal(gray, IDS.astype(int) * 0x010101)
