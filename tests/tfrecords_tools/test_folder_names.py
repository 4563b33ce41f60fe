"""Folders in folders, suffixes and files that are no data, through `build_folder`."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from tests import refusals
from tests.tfrecords_tools import written_shards
from tfrecords_tools import build_folder


@pytest.fixture
def save(tmp_path):
    """Saves an image or, by the class that its first half is of, a label."""

    def save(name, label=None, form=None):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.zeros([6, 8, 3], np.uint8)
        if label is not None:
            pixels = np.zeros([6, 8], np.uint8)
            pixels[:3] = label
        Image.fromarray(pixels).save(path, form)

    return save


def build(tmp_path, images="images", labels="labels", output="shards", **settings):
    return build_folder.build(
        build_folder.FolderConfig(
            image_folder=str(tmp_path / images),
            label_folder=str(tmp_path / labels),
            output_dir=str(tmp_path / output),
            **settings,
        )
    )


def classes(tmp_path, split="train"):
    """The first label id of each example, by its name."""
    found = written_shards.read(tmp_path / "shards", split)
    return {name: int(label[0, 0]) for name, (_, label) in found.items()}


def test_folders_in_folders(tmp_path, save):
    for name, label in (("a/1", 1), ("b/1", 2), ("b/c/1", 3), ("1", 0)):
        save(f"images/{name}.jpg")
        save(f"labels/{name}.png", label)
    build(tmp_path)
    assert classes(tmp_path) == {"1": 0, "a/1": 1, "b/1": 2, "b/c/1": 3}


def test_suffixes_in_the_folders_of_cityscapes(tmp_path, save):
    for number, city in enumerate(("aachen", "bochum")):
        save(f"leftImg8bit/train/{city}/{city}_0_leftImg8bit.png")
        for kind, label in (("labelIds", number), ("instanceIds", 9), ("color", 9)):
            save(f"gtFine/train/{city}/{city}_0_gtFine_{kind}.png", label)
    suffixes = {"image_suffix": "_leftImg8bit", "label_suffix": "_gtFine_labelIds"}
    with refusals.refused(*(f"--{name}={suffix}" for name, suffix in suffixes.items()), "2 pairs"):
        build(tmp_path, "leftImg8bit", "gtFine")
    build(tmp_path, "leftImg8bit", "gtFine", **suffixes)
    assert classes(tmp_path) == {"train/aachen/aachen_0": 0, "train/bochum/bochum_0": 1}


@pytest.mark.parametrize(
    ("image_end", "label_end", "suffixes"),
    [
        (".jpg", "_mask.png", {"label_suffix": "_mask"}),
        (".png", "_L.png", {"label_suffix": "_L.png"}),
        ("_rgb.png", ".png", {"image_suffix": "_rgb"}),
        ("_rgb.png", "_rgb_gt.png", {"image_suffix": "_rgb", "label_suffix": "_rgb_gt"}),
        ("/image.png", "/mask.png", {"image_suffix": "/image", "label_suffix": "/mask"}),
    ],
)
def test_one_folder_of_both(tmp_path, save, image_end, label_end, suffixes):
    for number in range(3):
        save(f"all/x/{number}{image_end}")
        save(f"all/x/{number}{label_end}", number)
    build(tmp_path, "all", "all", **suffixes)
    assert classes(tmp_path) == {f"x/{number}": number for number in range(3)}


def test_one_folder_of_both_needs_a_suffix_and_finds_it(tmp_path, save):
    for number in range(3):
        save(f"all/{number}.jpg")
        save(f"all/{number}_segmentation.png", number)
    for suffix in ("", "_mask"):
        with refusals.refused("--label_suffix=_segmentation, which makes 3 pairs"):
            build(tmp_path, "all", "all", label_suffix=suffix)


@pytest.mark.parametrize(("images", "labels"), [(".", "labels"), ("images", ".")])
def test_one_folder_within_the_other(tmp_path, save, images, labels):
    for number in range(3):
        save(f"{images}/{number}.png")
        save(f"{labels}/{number}.png", number)
    for _ in range(2):
        build(tmp_path, images, labels, split=f"run{_}")
    assert classes(tmp_path, "run1") == {str(number): number for number in range(3)}


def test_no_pairs_show_an_example_of_each(tmp_path, save):
    save("images/cat.jpg")
    save("labels/sub/cat.png", 1)
    with refusals.refused("such as cat.jpg and sub/cat.png", "--label_suffix"):
        build(tmp_path)


def test_what_is_left_out_is_said(tmp_path, save, capsys):
    save("images/a.jpg")
    save("labels/a_gt.png", 1)
    save("labels/a_color.png", 2)
    (tmp_path / "labels/a_polygons.json").write_text("{}")
    build(tmp_path, label_suffix="_gt")
    said = capsys.readouterr().err
    assert "1 .json" in said
    assert "1 image files, such as a_color.png, whose names do not end in _gt." in said


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_accents_and_extensions_of_any_form_pair(tmp_path, save, forms):
    image, label = (unicodedata.normalize(form, "é/ü") for form in forms)
    save(f"images/{image}.JPG", form="JPEG")
    save(f"labels/{label}.PNG", 1, form="PNG")
    build(tmp_path)
    assert classes(tmp_path) == {unicodedata.normalize("NFC", "é/ü"): 1}


@pytest.mark.parametrize(("image", "label"), [("gif", "gif"), ("ppm", "pgm"), ("bmp", "tif")])
def test_other_formats(tmp_path, save, image, label):
    save(f"images/a.{image}")
    save(f"labels/a.{label}", 3)
    build(tmp_path)
    assert classes(tmp_path) == {"a": 3}


@pytest.mark.parametrize("kind", ["P5 8 6 {} ", "P2\n# made by hand\n8 6\n# 5\n{}\n"])
def test_brightnesses_of_a_graymap_are_ids_whatever_its_largest(tmp_path, save, kind):
    save("images/a.png")
    ids = np.arange(48, dtype=np.uint8).reshape(6, 8) % 20
    for largest in (19, 21, 100, 255):
        text = kind.format(largest).encode()
        plain = " ".join(map(str, ids.ravel())).encode()
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / "labels/a.pgm").write_bytes(text + (plain if "2" in kind[:2] else bytes(ids)))
        build(tmp_path, split=f"of{largest}")
        ((_, label),) = written_shards.read(tmp_path / "shards", f"of{largest}").values()
        np.testing.assert_array_equal(label, ids)


def test_files_of_no_image_format_are_counted(tmp_path, save):
    save("labels/a.png", 1)
    (tmp_path / "images").mkdir()
    for name in ("a.npy", "b.npy", "c.mat"):
        (tmp_path / "images" / name).write_bytes(b"x")
    with refusals.refused("image files in", "found none among 2 .npy, 1 .mat"):
        build(tmp_path)


def test_links_are_followed_once(tmp_path, save):
    save("elsewhere/a.png")
    save("labels/run/a.png", 1)
    (tmp_path / "images").mkdir()
    (tmp_path / "images/run").symlink_to("../elsewhere")
    (tmp_path / "elsewhere/back").symlink_to("../images")
    build(tmp_path)
    assert classes(tmp_path) == {"run/a": 1}
