import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import datasets
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError
from tests import places
from tfrecords_tools import build_camvid

_REAL = "data/camvid/240x180"
_SPLITS = build_camvid.FOLDERS


def check(folder, root, splits=_SPLITS):
    descriptor = datasets.describe("camvid", folder)
    for name in splits:
        split = Split.load(descriptor, folder, name)
        labels = sorted((root / f"{name}annot").iterdir())
        assert split.index.num_examples == len(labels)
        dataset = tf.data.Dataset.range(len(labels)).map(split.reader())
        for (_, label, _), path in zip(dataset, labels, strict=True):
            raw = np.array(Image.open(path))
            np.testing.assert_array_equal(label[..., 0], np.where(raw == 11, 255, raw))


@pytest.fixture
def root(tmp_path):
    for split in _SPLITS:
        for folder in (split, f"{split}annot"):
            (tmp_path / folder).mkdir()
        for number in range(3):
            label = np.arange(12, dtype=np.uint8).reshape([3, 4])
            Image.fromarray(label).save(tmp_path / f"{split}annot" / f"{number}.png")
            image = np.repeat(label[..., None] * 20, 3, axis=-1)
            Image.fromarray(image).save(tmp_path / split / f"{number}.jpg")
    return tmp_path


def test_void_becomes_the_ignore_label(root):
    build_camvid.camvid().build(str(root), str(root / "shards"))
    check(str(root / "shards"), root)


def test_the_test_split_may_be_missing(root):
    shutil.rmtree(root / "test")
    manifests = build_camvid.camvid().build(str(root), str(root / "shards"))
    assert [manifest.split for manifest in manifests] == ["train", "val"]
    check(str(root / "shards"), root, ("train", "val"))


def test_a_fifth_of_train_is_held_out(root):
    for number in range(3, 10):
        for folder, ending in (("train", "jpg"), ("trainannot", "png")):
            shutil.copy(root / folder / f"0.{ending}", root / folder / f"{number}.{ending}")
    built = build_camvid.camvid().build(str(root), str(root / "shards"), ("fit", "held_out"))
    assert [manifest.num_examples for manifest in built] == [8, 2]
    descriptor = datasets.describe("camvid", str(root / "shards"))
    found = []
    for name in ("fit", "held_out"):
        split = Split.load(descriptor, str(root / "shards"), name)
        dataset = tf.data.Dataset.range(split.index.num_examples).map(split.reader())
        found += [image_name.numpy().decode() for *_, image_name in dataset]
    assert sorted(found) == [str(number) for number in range(10)]


def test_half_resolution(root):
    train, *_ = build_camvid.camvid(halved=True).build(str(root), str(root / "shards"))
    assert train.image_sizes == ((1, 2),)


@places.needs_shared(_REAL)
def test_real_frames(tmp_path):
    splits = ("train", "val")
    for split in splits:
        for folder in (split, f"{split}annot"):
            (tmp_path / folder).mkdir()
            for source in sorted((places.SHARED / _REAL / folder).iterdir())[:4]:
                (tmp_path / folder / source.name).symlink_to(source)
    train, _ = build_camvid.camvid().build(str(tmp_path), str(tmp_path / "shards"))
    assert train.image_sizes == ((180, 240),)
    check(str(tmp_path / "shards"), tmp_path, splits)


@pytest.mark.parametrize("halved", [False, True])
def test_ids_of_other_conventions_are_refused(root, halved):
    label = np.zeros([3, 4], np.uint8)
    label[1, 1] = 12
    Image.fromarray(label).save(root / "valannot/1.png")
    with pytest.raises(UserError, match="CamVid's 11 classes.*valannot/1.png, found 12"):
        build_camvid.camvid(halved).build(str(root), str(root / "shards"), ["val"])


def test_missing_root(tmp_path):
    with pytest.raises(UserError, match="--camvid_root="):
        build_camvid.camvid().build(str(tmp_path / "none"), str(tmp_path / "shards"))
