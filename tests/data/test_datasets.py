import dataclasses

import pytest

from deeplab_nas.data import datasets, manifests
from deeplab_nas.errors import UserError

FACTS = {
    "shapes": (7, 255),
    "camvid": (11, 255),
    "cityscapes": (19, 255),
    "pascal_voc_seg": (21, 255),
    "ade20k": (151, 0),
}


def manifest(**changes):
    default = manifests.Manifest(
        dataset="folder",
        split="train",
        num_examples=1,
        shard_counts=(1,),
        num_classes=2,
        ignore_label=255,
        class_names=("ground", "thing"),
        colormap=((0, 0, 0), (9, 9, 9)),
        image_sizes=((4, 5),),
    )
    return dataclasses.replace(default, **changes)


@pytest.mark.parametrize("name", FACTS)
def test_the_table_is_consistent(name):
    descriptor = datasets.describe(name, "")
    assert (descriptor.num_classes, descriptor.ignore_label) == FACTS[name]
    assert len(set(descriptor.class_names)) == descriptor.num_classes
    assert len(set(descriptor.colormap)) == descriptor.num_classes
    assert all(0 <= value <= 255 for color in descriptor.colormap for value in color)


def test_the_pascal_colours_are_the_known_ones():
    colors = datasets.pascal_colormap(256)
    assert colors[:4] == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
    assert colors[15] == (192, 128, 128)
    assert colors[20] == (0, 64, 128)
    assert colors[255] == (224, 224, 192)
    assert len(set(colors)) == 256


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError, match="shapes, camvid, cityscapes.*folder, found 'citiscapes'"):
        datasets.describe("citiscapes", "")


def test_folder_is_described_by_its_manifests(tmp_path):
    manifests.write(manifest(), str(tmp_path))
    manifests.write(manifest(split="val"), str(tmp_path))
    descriptor = datasets.describe("folder", str(tmp_path))
    assert descriptor.splits == ("train", "val")
    assert descriptor.class_names == ("ground", "thing")
    assert descriptor.colormap == ((0, 0, 0), (9, 9, 9))


def test_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(UserError, match="Expected manifest-<split>.json"):
        datasets.describe("folder", str(tmp_path))


def test_a_manifest_that_contradicts_the_table_is_refused(tmp_path):
    manifests.write(manifest(), str(tmp_path))
    with pytest.raises(UserError, match="Expected 11 classes.*found 2 and 255.*built as 'folder'"):
        datasets.describe("camvid", str(tmp_path))


def test_manifests_survive_the_round_trip(tmp_path):
    manifests.write(manifest(), str(tmp_path))
    assert manifests.read(str(tmp_path), "train") == manifest()
    assert manifests.read(str(tmp_path), "val") is None


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"format_version": 1, "split": 3}', '{"format_version": 1, "x": 2}']
)
def test_a_damaged_manifest_is_refused_by_name(tmp_path, text):
    (tmp_path / "manifest-train.json").write_text(text)
    with pytest.raises(UserError, match="manifest-train.json"):
        manifests.read(str(tmp_path), "train")


def test_a_manifest_of_another_version_is_refused(tmp_path):
    manifests.write(manifest(), str(tmp_path))
    path = tmp_path / "manifest-train.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(UserError, match="Expected format version 1 .* found 2"):
        manifests.read(str(tmp_path), "train")
