import hashlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import datasets, examples, shard_index
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError
from tests import programs, refusals
from tfrecords_tools import build_folder
from tfrecords_tools.writing.build_options import BuildOptions


@pytest.fixture
def folders(tmp_path):
    """Ten JPEG photographs with palette labels of ids 0..2 and 255."""
    random = np.random.RandomState(0)
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for number in range(10):
        pixels = random.randint(0, 256, [6, 8, 3]).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"p{number}.jpg")
        ids = np.array([0, 1, 2, 255], np.uint8)[random.randint(0, 4, [6, 8])]
        ids[0, 0] = 2
        label = Image.fromarray(ids, mode="P")
        label.putpalette([3, 200, 40] * 256)
        label.save(tmp_path / "labels" / f"p{number}.png")
    return tmp_path


def config(folders, **changes):
    return build_folder.FolderConfig(
        image_folder=str(folders / "images"),
        label_folder=str(folders / "labels"),
        output_dir=str(folders / "shards"),
        **changes,
    )


def test_labels_of_palette_files_are_read_as_ids(folders):
    (manifest,) = build_folder.build(config(folders))
    assert (manifest.num_examples, manifest.num_classes) == (10, 3)
    descriptor = datasets.describe("folder", str(folders / "shards"))
    assert descriptor.class_names == ("class_0", "class_1", "class_2")
    split = Split.load(descriptor, str(folders / "shards"), "train")
    dataset = tf.data.Dataset.range(10).map(split.reader())
    for number, (_, label, _) in enumerate(dataset):
        expected = np.array(Image.open(folders / "labels" / f"p{number}.png"))
        np.testing.assert_array_equal(label[..., 0], expected)


def names(folder, split):
    """The names in the shards of a split."""
    dataset = tf.data.TFRecordDataset(shard_index.load(str(folder), split).filenames)
    parsed = map(examples.parse, dataset)
    return {example[examples.IMAGE_FILENAME].numpy().decode() for example in parsed}


def test_val_is_parted_by_the_names_alone(folders):
    train, val = build_folder.build(config(folders, val_fraction=0.4, num_shards=1))
    assert (train.num_examples, val.num_examples) == (6, 4)
    train, val = (names(folders / "shards", split) for split in ("train", "val"))
    assert train | val == {f"p{number}" for number in range(10)}
    assert not train & val
    hashes = {name: hashlib.sha256(name.encode()).hexdigest() for name in train | val}
    assert max(hashes[name] for name in val) < min(hashes[name] for name in train)


def test_another_ignore_label(folders):
    for path in (folders / "labels").iterdir():
        ids = np.array(Image.open(path))
        Image.fromarray(np.where(ids == 255, 0, ids).astype(np.uint8)).save(path)
    (manifest,) = build_folder.build(config(folders, ignore_label=2, class_names=("a", "b")))
    assert (manifest.num_classes, manifest.ignore_label) == (2, 2)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("labels/p3.png", "Expected a label for .*p3.jpg, found no file named p3"),
        ("images/p4.jpg", "Expected an image for .*p4.png, found no file named p4"),
    ],
)
def test_missing_partner_is_named(folders, missing, sentence):
    (folders / missing).unlink()
    with pytest.raises(UserError, match=sentence):
        build_folder.build(config(folders))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"num_classes": 2}, "below 2 or the ignore label 255 in the label of .*p0.jpg, found 2"),
        ({"class_names": ("a", "b")}, "Expected 3 class names, found 2"),
        ({"val_fraction": 1.0}, "--val_fraction to be 0 or more and below 1, found 1.0"),
        ({"val_fraction": 0.5, "split": "val"}, "other than val"),
    ],
)
def test_settings_that_do_not_fit(folders, changes, sentence):
    with pytest.raises(UserError, match=sentence):
        build_folder.build(config(folders, **changes))


@pytest.mark.parametrize("skip_bad", [False, True])
def test_folders_without_a_common_name(folders, skip_bad):
    for path in list((folders / "labels").iterdir()):
        path.rename(path.with_name(f"label_{path.name}"))
    with pytest.raises(UserError, match="found none among 10 and 10 .* p0.jpg and label_p0.png"):
        build_folder.build(config(folders, options=BuildOptions(skip_bad=skip_bad)))


def test_one_pair_is_not_parted(folders):
    for path in (*folders.glob("images/p[1-9].jpg"), *folders.glob("labels/p[1-9].png")):
        path.unlink()
    with pytest.raises(UserError, match="at least 2 pairs with --val_fraction=0.2.*found 1: add"):
        build_folder.build(config(folders, val_fraction=0.2))
    assert build_folder.build(config(folders))[0].num_examples == 1


def test_missing_and_empty_folders(tmp_path):
    (tmp_path / "labels").mkdir()
    with pytest.raises(UserError, match="readable folder at .*images, found none"):
        build_folder.build(config(tmp_path))
    (tmp_path / "images").mkdir()
    with pytest.raises(UserError, match="Expected image files in .*images, found none"):
        build_folder.build(config(tmp_path))


def test_the_program_ends_with_one_sentence(tmp_path):
    flags = [f"--{name}={tmp_path}/none" for name in ("image_folder", "label_folder", "output_dir")]
    result = programs.run("tfrecords_tools.build_folder", *flags)
    refusals.assert_program_refused(result, "Expected a readable folder at")
