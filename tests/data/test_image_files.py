"""Image files become one upright picture of 8 bits, whose brightness is that of their numbers."""

import io
import itertools
import json
import struct
import warnings

import numpy as np
import PIL.Image
import pytest

from deeplab_nas.data import image_files
from deeplab_nas.data.brightness import deep_values, ranges
from deeplab_nas.errors import ImageError
from deeplab_nas.files import untrusted_json
from tests import places, refusals
from tests.data import made_pictures

_READABLE = made_pictures.readable()
_REFUSED = made_pictures.refused()


def pixels(raw, scale=None):
    return np.array(image_files.read(raw, "a", scale).pixels)


def expected(values, low, high):
    """What a range makes of numbers that are whole quarters; halves are rounded up."""
    quarters = (4 * np.clip(values.astype(np.float64), low, high)).astype(np.int64) - 4 * low
    found = ((510 * quarters + 4 * (high - low)) // (8 * (high - low))).astype(np.uint8)
    return found if found.ndim == 3 else np.repeat(found[..., None], 3, -1)


@pytest.mark.parametrize("name", _READABLE)
def test_a_picture_is_upright_and_rgb(name):
    picture = image_files.read(_READABLE[name], name)
    assert picture.pixels.mode == "RGB"
    if " as text" not in name:
        size = made_pictures.SIZE[::-1] if "turned" in name else made_pictures.SIZE
        upright = name != "webp lossless"
        assert picture.pixels.size == (size if upright else size[::-1])
    if picture.format:
        kept = PIL.Image.open(io.BytesIO(_READABLE[name]))
        np.testing.assert_array_equal(np.array(kept), np.array(picture.pixels))


@pytest.mark.parametrize("name", _REFUSED)
def test_what_is_no_single_picture_of_8_bits_is_refused(name):
    as_they_are = ("tiff 32 bits", "tiff signed", "tiff float", "tiff compressed planes", "pfm")
    readers = [image_files.read, image_files.open_image][: 1 + (name not in as_they_are)]
    for read in readers:
        with warnings.catch_warnings(), refusals.refused(f"in {name}"):
            warnings.simplefilter("error")
            read(_REFUSED[name], name)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "png"])
def test_several_pictures_are_told(kind):
    with pytest.raises(ImageError, match="one picture in a, found several pages or frames"):
        image_files.read(_REFUSED[f"{kind} several"], "a")


def test_the_first_picture_of_a_phone_is_the_photograph():
    raw = _READABLE["mpo"]
    assert PIL.Image.open(io.BytesIO(raw)).n_frames == 2
    picture = image_files.read(raw, "a")
    assert picture.format == "jpeg"
    np.testing.assert_array_equal(np.array(picture.pixels), pixels(_READABLE["jpeg"]))


def test_smaller_copies_in_a_tiff_are_no_pages():
    values = made_pictures.numbers(1)
    for tags, is_page in (([(254, 1)], False), ([(254, 4)], False), ([(254, 0)], True), ([], True)):
        raw = _with_second_directory(values, tags)
        assert PIL.Image.open(io.BytesIO(raw)).n_frames == 2
        if is_page:
            with refusals.refused("found several pages"):
                image_files.read(raw, "a")
        else:
            np.testing.assert_array_equal(pixels(raw)[..., 0], values >> 8)


def _with_second_directory(values, tags):
    """A TIFF, and behind it the directory of another one whose pixels are those of the first."""
    first = made_pictures.tiff(values, more=b"-")[:-1]
    second = made_pictures.tiff(values, tags=tags)
    (place,) = np.frombuffer(second, "<u4", 1, 4).tolist()
    (count,) = np.frombuffer(second, "<u2", 1, place).tolist()
    return first + second[place : place + 2 + 12 * count + 4]


def _deep_files():
    for largest in (1023, 4095, 65535):
        grey = made_pictures.numbers(1, largest)
        yield "png", grey, made_pictures.deep_png(grey)
        yield "pgm", grey, _ppm(b"P5", grey, largest)
        colours = made_pictures.numbers(3, largest)
        yield "ppm", colours, _ppm(b"P6", colours, largest)
        for channels in (2, 3, 4):
            values = made_pictures.numbers(channels, largest)
            seen = values[..., 0] if channels == 2 else values[..., :3]
            yield "png", seen, made_pictures.deep_png(values)
        for order in "<>":
            yield "tiff", grey, made_pictures.tiff(grey, order)
            yield "tiff", grey, made_pictures.tiff(grey, order, deflate=True)
            yield "tiff", grey, made_pictures.tiff(grey, order, tile=16, deflate=True)
            for channels, extra in ((3, None), (4, None), (4, 0), (4, 2)):
                values = made_pictures.numbers(channels, largest)
                for how in ({}, {"planar": True}, {"deflate": True}):
                    if how.get("planar") and extra == 0:
                        continue
                    raw = made_pictures.tiff(values, order, extra=extra, **how)
                    yield "tiff", values[..., :3], raw


def _ppm(kind, values, largest):
    height, width = values.shape[:2]
    return b"%s %d %d %d\n" % (kind, width, height, largest) + values.astype(">u2").tobytes()


def test_every_number_of_16_bits_gets_the_brightness_of_its_range():
    count = 0
    for kind, values, raw in _deep_files():
        for low, high in ((0, 4095), (100, 900), (0, 65535)):
            found = pixels(raw, (low, high))
            np.testing.assert_array_equal(found, expected(values, low, high), kind)
        largest = image_files.largest_number(io.BytesIO(raw), "a")
        assert largest == values.max(), kind
        count += 1
    assert count > 60


def test_premultiplied_colours_are_divided_by_their_alpha():
    values = made_pictures.numbers(4)
    values[..., 3] = 2**15
    values[..., :3] //= 2
    raw = made_pictures.tiff(values, extra=1)
    found = pixels(raw, (0, 65535)).astype(int)
    straight = expected(values[..., :3].astype(np.int64) * 65535 // 2**15, 0, 65535)
    assert np.abs(found - straight).max() <= 1


@pytest.mark.parametrize(
    ("dtype", "order"),
    # Pillow knows no unsigned numbers of 32 bits in the other order.
    [("uint32", "<"), *itertools.product(["int32", "int16", "float32"], "<>")],
)
def test_numbers_of_32_bits_are_read_by_a_range_alone(dtype, order):
    values = (made_pictures.numbers(1).astype(np.float64) - 9000 * (dtype != "uint32")) / 4
    scale = (-500, 9000)
    if dtype == "uint32":
        values, scale = values * 2**18, (2**30, 2**32 - 1)
    raw = made_pictures.tiff(values.astype(dtype), order)
    np.testing.assert_array_equal(pixels(raw, scale), expected(values.astype(dtype), *scale))
    with refusals.refused("Expected 8 or 16 bits a channel in a", "--image_range"):
        image_files.read(raw, "a")


@pytest.mark.parametrize("how", [{}, {"planar": True}, {"tile": 16}])
def test_a_tiff_whose_rows_are_not_all_there_is_refused(how):
    values = made_pictures.numbers(3 if "planar" in how else 1)
    raw = made_pictures.tiff(values, **how)
    height = raw.index(struct.pack("<HHII", 257, 4, 1, values.shape[0])) + 8
    taller = raw[:height] + struct.pack("<I", 40_000) + raw[height + 4 :]
    with refusals.refused("Expected all of 23x40000 pixels in a"):
        image_files.read(taller, "a")


def test_what_is_no_number_is_black():
    values = np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32)
    found = pixels(made_pictures.tiff(values), (0, 1))
    assert found[0, :, 0].tolist() == [0, 255, 0, 128]


def test_without_a_range_16_bits_keep_their_higher_byte():
    grey, colours = made_pictures.numbers(1), made_pictures.numbers(3)
    np.testing.assert_array_equal(pixels(made_pictures.deep_png(grey))[..., 0], grey >> 8)
    np.testing.assert_array_equal(pixels(made_pictures.deep_png(colours)), colours >> 8)
    # A file that says what its largest number is needs no range.
    raw = _ppm(b"P5", made_pictures.numbers(1, 4095), 4095)
    np.testing.assert_array_equal(pixels(raw), expected(made_pictures.numbers(1, 4095), 0, 4095))


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_deep_picture_is_turned_as_its_camera_was(kind, channels):
    values = made_pictures.numbers(channels)
    if kind == "tiff":
        raw = made_pictures.tiff(values, tags=[(274, 6)])
    else:
        exif = PIL.Image.Exif()
        exif[0x0112] = 6
        data = exif.tobytes().removeprefix(b"Exif\0\0")
        raw = made_pictures.deep_png(values)
        raw = raw[:33] + made_pictures.chunk(b"eXIf", data) + raw[33:]
    turned = np.rot90(expected(values, 0, 65535), -1)
    np.testing.assert_array_equal(pixels(raw, (0, 65535)), turned)


def test_a_damaged_orientation_leaves_a_picture_as_it_is():
    raw = _READABLE["jpeg turned"]
    damaged = raw.replace(b"MM\0*\0\0\0\x08", b"MM\0*\xff\xff\xff\xff")
    assert damaged != raw
    assert image_files.read(damaged, "a").pixels.size == made_pictures.SIZE


@pytest.mark.parametrize(
    ("largest", "scale", "blank", "told"),
    [
        (4095, None, False, True),
        (65535, None, False, False),
        (200, None, True, True),
        (4095, (0, 4095), False, False),
        (4095, (5000, 9000), True, True),
    ],
)
def test_a_picture_that_is_lost_at_8_bits_says_so(largest, scale, blank, told):
    raw = made_pictures.deep_png(made_pictures.numbers(1, largest))
    picture = image_files.read(raw, "a", scale)
    assert picture.blank == blank
    assert picture.numbers == ((0, largest) if told else None)


def test_a_picture_of_one_number_is_not_lost():
    raw = made_pictures.deep_png(np.full([4, 5], 70, np.uint16))
    assert image_files.read(raw, "a", (0, 4095)).numbers is None


def test_only_deep_files_are_measured():
    for name, raw in _READABLE.items():
        largest = image_files.largest_number(io.BytesIO(raw), name)
        assert (largest is not None) == ("16 bits" in name or name == "pgm as text"), name
        assert (image_files.kind(raw, name)[1] == "") == (largest is not None)


@pytest.mark.parametrize(
    ("largest", "high"),
    [(0, 255), (255, 255), (256, 511), (4095, 4095), (4096, 8191), (65535,) * 2],
)
def test_a_measured_range_is_a_power_of_two(largest, high):
    assert ranges.measured(largest) == (0, high)


@pytest.mark.parametrize(
    "text", ["4095", "0:", ":1", "a:b", "5:5", "9:0", "0:inf", "nan:1", "0:1:2"]
)
def test_what_is_no_range_is_refused(text):
    with refusals.refused("--image_range to be the numbers that are black and white, low:high"):
        ranges.parse(text)


def test_a_range_goes_to_json_and_back():
    for text, found in (("0:4095", (0, 4095)), ("-1:0.5", (-1, 0.5)), ("", None)):
        assert ranges.parse(text) == found
        document = untrusted_json.parse(json.dumps(found).encode(), "a", 99, "mend it")
        assert ranges.from_field(document) == found
    for wrong in (
        "[1, 0]",
        "[1]",
        "[0, true]",
        '"0:1"',
        "[0, 1, 2]",
        "{}",
        '[0, "1"]',
        "[0, 1e99]",
    ):
        with refusals.refused("in a", "mend it"):
            ranges.from_field(untrusted_json.parse(wrong.encode(), "a", 99, "mend it"))


def test_deep_values_are_those_of_the_file():
    raw = _READABLE["tiff rgb 16 bits >"]
    image = PIL.Image.open(io.BytesIO(raw))
    assert deep_values.is_deep(image)
    found = deep_values.decode(image, lambda: PIL.Image.open(io.BytesIO(raw)), "a")
    np.testing.assert_array_equal(found.values, made_pictures.numbers(3))
    assert found.largest == 65535


def test_pillow_opens_files_in_one_place():
    opening = {
        path.relative_to(places.ROOT).as_posix()
        for package in ("deeplab_nas", "flags", "tfrecords_tools")
        for path in (places.ROOT / package).rglob("*.py")
        if "Image.open(" in path.read_text(encoding="utf-8")
    }
    assert opening == {"deeplab_nas/data/image_files.py"}
