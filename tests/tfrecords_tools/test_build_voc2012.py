"""PASCAL VOC 2012 as it is unpacked, small, becomes shards."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from deeplab_nas.data import datasets
from deeplab_nas.errors import UserError
from tests import refusals
from tests.tfrecords_tools import written_shards
from tfrecords_tools import build_voc2012

_LISTS = {"train": ["2007_000032", "2007_000039"], "val": ["2007_000033"]}
_LISTS["trainval"] = [*_LISTS["train"], *_LISTS["val"]]


def ids(name):
    """Labels of a portrait or a landscape: classes and the border, 255."""
    shape = (11, 7) if name.endswith("9") else (6, 13)
    random = np.random.default_rng(int(name[-2:]))
    return random.choice(np.array([0, 1, 15, 20, 255], np.uint8), shape)


def save_label(path, label, palette):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(label, mode="P" if palette else "L")
    if palette:
        colormap = datasets.pascal_colormap(256)
        picture.putpalette([channel for color in colormap for channel in color])
    picture.save(path)


@pytest.fixture
def root(tmp_path):
    for folder in ("JPEGImages", "ImageSets/Segmentation"):
        (tmp_path / folder).mkdir(parents=True)
    for split, names in _LISTS.items():
        path = tmp_path / "ImageSets" / "Segmentation" / f"{split}.txt"
        path.write_text("".join(f"{name}\n" for name in names))
    for name in _LISTS["trainval"]:
        pixels = np.repeat(ids(name)[..., None], 3, -1)
        Image.fromarray(pixels).save(tmp_path / "JPEGImages" / f"{name}.jpg")
        save_label(tmp_path / "SegmentationClass" / f"{name}.png", ids(name), palette=True)
    return tmp_path


def test_palette_files_are_read_as_ids_in_the_order_of_the_lists(root):
    built = build_voc2012.VOC2012.build(str(root), str(root / "shards"))
    assert [manifest.split for manifest in built] == ["train", "val", "trainval"]
    for split, names in _LISTS.items():
        found = written_shards.read(root / "shards", split)
        assert list(found) == names
        for name, (_, label) in found.items():
            np.testing.assert_array_equal(label, ids(name))


def test_images_keep_their_bytes(root):
    build_voc2012.VOC2012.build(str(root), str(root / "shards"), ["val"])
    shard = next((root / "shards").glob("val-*.tfrecord")).read_bytes()
    assert (root / "JPEGImages" / "2007_000033.jpg").read_bytes() in shard


def test_raw_labels_do_as_well(root):
    (root / "SegmentationClass").rename(root / "Elsewhere")
    for name in _LISTS["val"]:
        save_label(root / "SegmentationClassRaw" / f"{name}.png", ids(name), palette=False)
    build_voc2012.VOC2012.build(str(root), str(root / "shards"), ["val"])
    ((_, label),) = written_shards.read(root / "shards", "val").values()
    np.testing.assert_array_equal(label, ids("2007_000033"))


@pytest.mark.parametrize("list_name", ["train_aug", "trainaug"])
def test_augmented_training_takes_the_masks_of_the_sbd(root, list_name):
    (root / "ImageSets" / "Segmentation" / f"{list_name}.txt").write_text("2007_000033\n")
    mask = np.minimum(ids("2007_000033"), 20)
    save_label(root / "SegmentationClassAug" / "2007_000033.png", mask, palette=False)
    build_voc2012.VOC2012.build(str(root), str(root / "shards"), ["train_aug"])
    ((_, label),) = written_shards.read(root / "shards", "train_aug").values()
    np.testing.assert_array_equal(label, mask)


@pytest.mark.parametrize(
    ("missing", "splits", "sentence"),
    [
        (
            "JPEGImages/2007_000032.jpg",
            ["train"],
            "Expected .*2007_000032.jpg, which .*/train.txt names, found none",
        ),
        (
            "SegmentationClass/2007_000033.png",
            ["val"],
            "Expected .*2007_000033.png, which .*/val.txt names",
        ),
        ("ImageSets/Segmentation/val.txt", ["val"], "Expected .*val.txt for the split val"),
        (None, ["train_aug"], "train_aug.txt or .*trainaug.txt for the split train_aug"),
        (None, ["test"], "--splits to be some of train, val, trainval, train_aug, found test"),
    ],
)
def test_what_is_missing_is_named(root, missing, splits, sentence):
    if missing:
        (root / missing).unlink()
    with pytest.raises(UserError, match=sentence):
        build_voc2012.VOC2012.build(str(root), str(root / "shards"), splits)
    assert not list(root.glob("shards/*.tfrecord"))


_AUG = "SegmentationClassAug"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2007_000032.jpg\n2007_000039.png\n", ["2007_000032", "2007_000039"]),
        ("\ufeff2007_000032\r\n\r\n2007_000039\r\n", ["2007_000032", "2007_000039"]),
        ("2007_000039  1\n2007_000032 -1\n2007_000033  0\n", ["2007_000039", "2007_000033"]),
        ("JPEGImages/2007_000032.jpg SegmentationClass/2007_000032.png", ["2007_000032"]),
        ("VOC2012\\JPEGImages\\2007_000032.jpg,2007_000032.png", ["2007_000032"]),
    ],
)
def test_lists_as_others_have_them(root, text, expected):
    (root / "ImageSets/Segmentation/train.txt").write_bytes(text.encode())
    build_voc2012.VOC2012.build(str(root), str(root / "shards"), ["train"])
    assert list(written_shards.read(root / "shards", "train")) == expected


def test_the_label_that_a_list_names_is_taken(root):
    mask = np.minimum(ids("2007_000033"), 15)
    save_label(root / _AUG / "2007_000033.png", mask, palette=False)
    line = f"/JPEGImages/2007_000033.jpg /{_AUG}/2007_000033.png\n"
    (root / "ImageSets/Segmentation/val.txt").write_text(line)
    build_voc2012.VOC2012.build(str(root), str(root / "shards"), ["val"])
    ((_, label),) = written_shards.read(root / "shards", "val").values()
    np.testing.assert_array_equal(label, mask)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_of_either_form_and_spaces_in_names(root, form):
    name = unicodedata.normalize(form, "müll 1")
    (root / "JPEGImages/2007_000033.jpg").rename(root / f"JPEGImages/{name}.jpg")
    (root / "SegmentationClass/2007_000033.png").rename(root / f"SegmentationClass/{name}.png")
    path = root / "ImageSets/Segmentation/val.txt"
    for text in ("müll 1".encode("windows-1252"), unicodedata.normalize("NFD", "müll 1").encode()):
        path.write_bytes(text)
        output = root / f"shards of {len(text)}"
        build_voc2012.VOC2012.build(str(root), str(output), ["val"])
        assert list(written_shards.read(output, "val")) == ["müll 1"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2007_000032 2007_000039", ("one example a line", "'2007_000032 2007_000039'")),
        (f"2007_000032.jpg {_AUG}/2007_000032.png", (f"{_AUG}/2007_000032.png", "found none")),
        ("../../etc/passwd", ("JPEGImages/passwd.jpg", "found none")),
        ("..", ("found none",)),
        ("2007_000032\n2007_000032.jpg", ("every name once", "2007_000032 again")),
        ("m\xfcll", ("müll.jpg", "read as windows-1252")),
    ],
)
def test_lines_that_mean_nothing_are_refused(root, line, words):
    (root / "ImageSets/Segmentation/train.txt").write_bytes(line.encode("latin-1"))
    with refusals.refused(*words):
        build_voc2012.VOC2012.build(str(root), str(root / "shards"), ["train"])
