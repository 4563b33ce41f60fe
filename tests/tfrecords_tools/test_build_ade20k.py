"""ADE20K as it is unpacked, small, becomes shards."""

import numpy as np
import pytest
from PIL import Image

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


def test_ids_are_the_official_ones(root):
    train, val = build_ade20k.build(str(root), str(root / "shards"))
    assert (train.num_classes, train.ignore_label) == (151, 0)
    for manifest, folder in ((train, "training"), (val, "validation")):
        found = written_shards.read(root / "shards", manifest.split)
        assert list(found) == _NAMES[folder]
        for name, (_, label) in found.items():
            np.testing.assert_array_equal(label, ids(name))


def test_a_wrong_root_is_told(tmp_path):
    with pytest.raises(UserError, match="images/training"):
        build_ade20k.build(str(tmp_path / "none"), str(tmp_path / "shards"))


def test_an_id_beyond_the_classes_is_told(root):
    wrong = np.full((9, 14), 151, np.uint8)
    Image.fromarray(wrong).save(root / "annotations" / "validation" / "ADE_val_00000001.png")
    with pytest.raises(UserError, match="ADE_val_00000001, found 151"):
        build_ade20k.build(str(root), str(root / "shards"), ["val"])
