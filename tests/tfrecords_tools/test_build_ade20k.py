"""ADE20K as it is unpacked, small, becomes shards."""

import numpy as np
import pytest
from PIL import Image

from deeplab_nas.data import datasets
from deeplab_nas.errors import UserError
from tests.tfrecords_tools import written_shards
from tfrecords_tools import build_ade20k

_NAMES = {
    "training": ["ADE_train_00000001", "ADE_train_00000002"],
    "validation": ["ADE_val_00000001"],
}


def ids(name):
    return np.random.default_rng(int(name[-1])).integers(0, 151, (9, 14), np.uint8)


@pytest.fixture
def root(tmp_path):
    for folder, names in _NAMES.items():
        for kind in ("images", "annotations"):
            (tmp_path / kind / folder).mkdir(parents=True)
        for name in names:
            pixels = np.repeat(ids(name)[..., None], 3, -1)
            # A few images of the set are grey.
            image = pixels if name.endswith("1") else ids(name)
            Image.fromarray(image).save(tmp_path / "images" / folder / f"{name}.jpg")
            Image.fromarray(ids(name)).save(tmp_path / "annotations" / folder / f"{name}.png")
    return tmp_path


def build(root, splits=(), num_classes=150):
    return build_ade20k.ade20k(num_classes).build(str(root), str(root / "shards"), splits)


@pytest.mark.parametrize("num_classes", [150, 151])
def test_both_conventions(root, num_classes):
    built = build(root, num_classes=num_classes)
    descriptor = datasets.describe("ade20k", str(root / "shards"))
    assert descriptor.num_classes == num_classes
    assert descriptor.ignore_label == {150: 255, 151: 0}[num_classes]
    tree = descriptor.class_names.index("tree")
    assert tree == {150: 4, 151: 5}[num_classes]
    assert (descriptor.submission_ids or range(151))[tree] == 5
    for manifest, folder in zip(built, ("training", "validation"), strict=True):
        found = written_shards.read(root / "shards", manifest.split)
        assert list(found) == _NAMES[folder]
        for name, (_, label) in found.items():
            expected = ids(name).astype(int) - (num_classes == 150)
            np.testing.assert_array_equal(label, np.where(expected < 0, 255, expected))


def test_without_a_manifest_the_ids_are_the_official_ones(root):
    build(root, num_classes=151)
    for path in (root / "shards").glob("manifest-*"):
        path.unlink()
    assert datasets.describe("ade20k", str(root / "shards")).num_classes == 151


def test_a_wrong_root_is_told(tmp_path):
    with pytest.raises(UserError, match="--ade20k_root=.*none, found none"):
        build(tmp_path / "none")
    with pytest.raises(UserError, match="folder at .*images/training"):
        build(tmp_path)


@pytest.mark.parametrize("num_classes", [150, 151])
def test_an_id_beyond_the_classes_is_told_as_the_file_has_it(root, num_classes):
    wrong = np.full((9, 14), 151, np.uint8)
    Image.fromarray(wrong).save(root / "annotations" / "validation" / "ADE_val_00000001.png")
    with pytest.raises(UserError, match="ADE_val_00000001.*, found 151"):
        build(root, ["val"], num_classes)
