"""The file of colours in the forms that it is published in, and labels read by it."""

import io

import numpy as np
import pytest
from PIL import Image

from tests import refusals
from tfrecords_tools.sources.labels import label_colors

_FORMS = {
    "class_dict.csv": "name,r,g,b\r\nroad, 128, 64, 128\r\nbig car,64,0,128\r\nVoid,0,0,0\r\n",
    "with BOM": "\ufeffname, R, G, B\nroad,128,64,128\n\nbig car,64,0,128\nvoid,0,0,0",
    "label_colors.txt": "128 64 128\troad\n64 0 128\t\tbig car\n0 0 0 ignore\n",
    "blanks": "# classes\nroad 128 64 128\nbig car   64 0 128\n  Ignore 0 0 0\n",
    "semicolons": "road;128;64;128\nbig car;64;0;128\nignore;0;0;0\n",
    "quotes": '"road",128,64,128\n"big car", 64, 0, 128\n"void", 0,0,0\n',
}


def load(folder, text):
    path = folder / "colors.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return label_colors.load(str(path))


@pytest.mark.parametrize("form", _FORMS)
def test_forms(tmp_path, form):
    found = load(tmp_path, _FORMS[form])
    assert found.class_names == ("road", "big car")
    assert found.colormap == ((128, 64, 128), (64, 0, 128))
    assert [color for _, color in found.ignored] == [(0, 0, 0)]


def test_names_may_be_numbers_and_have_commas(tmp_path):
    assert load(tmp_path, "0,0,0,0\n1,9,9,9\n").class_names == ("0", "1")
    assert load(tmp_path, '"car, red",0,0,0\n"b",9,9,9\n').class_names == ("car, red", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("road,0,0,0\ncar,0,0\n", ["line 2", "'car,0,0'"]),
        ("road,0,0,0\ncar,0,0,256\n", ["line 2"]),
        ("road,0,0,0\ncar,0,0,-1\n", ["line 2"]),
        ("road,0,0,0\n,1,1,1\n", ["line 2"]),
        ("road,0,0,0\nname,r,g,b\n", ["line 2"]),
        ("road,0,0,0\ncar,0,0,0\n", ["colour once", "(0, 0, 0) in lines 1 and 2"]),
        ("road,0,0,0\nignore,0,0,0\ncar,1,1,1\n", ["lines 1 and 2"]),
        ("road,0,0,0\nroad,1,1,1\n", ["'road'", "another one"]),
        ("road,0,0,0\nignore,1,1,1\n", ["2 to 255 classes", "found 1"]),
        ("", ["found 0"]),
        (b"\xff\xfer\0", ["UTF-8"]),
    ],
)
def test_files_that_cannot_be_meant(tmp_path, text, words):
    with refusals.refused("--label_colors=", "colors.txt", *words):
        load(tmp_path, text)


def test_a_file_that_is_not_there_or_without_end(tmp_path):
    with refusals.refused("Cannot read ", "none.csv"):
        label_colors.load(str(tmp_path / "none.csv"))
    with (tmp_path / "long.csv").open("wb") as file:
        file.truncate(2**30)
    with refusals.refused("at most 1048576 bytes"):
        label_colors.load(str(tmp_path / "long.csv"))


def test_every_pixel_gets_the_class_of_its_colour(tmp_path):
    random = np.random.default_rng(0)
    colors = random.choice(2**24, 40, replace=False)
    channels = np.stack([colors >> 16, colors >> 8 & 255, colors & 255], -1)
    lines = [f"c{number},{r},{g},{b}" for number, (r, g, b) in enumerate(channels)]
    lines[7] = lines[7].replace("c7", "void")
    found = load(tmp_path, "\n".join(lines))
    chosen = random.integers(0, 40, (20, 30))
    classes = np.array([*range(7), 255, *range(7, 39)])[chosen]
    buffer = io.BytesIO()
    Image.fromarray(channels[chosen].astype(np.uint8)).save(buffer, "png")
    np.testing.assert_array_equal(found.read(buffer.getvalue(), "x"), classes)


def test_unknown_colours_are_counted(tmp_path):
    found = load(tmp_path, "road,0,0,0\ncar,9,9,9\n")
    pixels = np.zeros((4, 5, 3), np.uint8)
    pixels[0, :3], pixels[1, 0] = (255, 0, 0), (255, 255, 255)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    with refusals.refused(
        "in mask.png, found 2 ", "(255, 0, 0) in 3 pixels, (255, 255, 255) in 1 pixels: add them"
    ):
        found.read(buffer.getvalue(), "mask.png")
