"""PASCAL VOC 2012 as it is unpacked, small, becomes shards."""

import numpy as np
import pytest
from PIL import Image

from deeplab_nas.data import datasets
from deeplab_nas.errors import UserError
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
