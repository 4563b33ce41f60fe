"""Every fault that is planted in the shards is found, with its shard and its record."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import datasets, examples, manifests, shard_index
from deeplab_nas.drawing import data_sheet
from deeplab_nas.errors import UserError
from tests import programs, refusals
from tests.data import made_shards
from tfrecords_tools import preview, verify

_COUNT = 6


@pytest.fixture
def folder(tmp_path):
    pairs = [made_shards.numbered_example(number) for number in range(_COUNT)]
    return pathlib.Path(made_shards.write(tmp_path / "shards", "train", pairs))


def shards_of(folder):
    return shard_index.load(str(folder), "train")


def place(folder, number):
    """Path and offset of a record, and how verify names it."""
    index = shards_of(folder)
    path = pathlib.Path(index.filenames[index.shards[number]])
    first = int(np.searchsorted(index.shards, index.shards[number]))
    return path, int(index.offsets[number]), f"{path.name}, record {number - first}"


def rewrite(folder, number, change):
    """Replaces a record by what `change` makes of its features."""
    path, _, told = place(folder, number)
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
    example = tf.train.Example.FromString(records[int(told.rsplit(" ", 1)[1])])
    change(example.features.feature)
    records[int(told.rsplit(" ", 1)[1])] = example.SerializeToString()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return told


def test_intact_shards_are_counted(folder):
    found = verify.verify("shapes", str(folder), "train")
    assert (sum(found.shard_counts), found.faults) == (_COUNT, ())
    labels = [made_shards.numbered_example(number)[1] for number in range(_COUNT)]
    assert sum(found.sizes.values()) == _COUNT
    expected = sum(np.bincount(label.ravel(), minlength=256) for label in labels)
    assert found.statistics.pixels == tuple(expected[:6])
    assert found.statistics.ignored == expected[255]
    shown = verify.table(found, datasets.describe("shapes", ""))
    assert "6 intact records" in shown
    assert f"{expected[1]:,}" in shown


def test_a_flipped_bit_spoils_its_record_alone(folder):
    path, offset, told = place(folder, 2)
    raw = bytearray(path.read_bytes())
    raw[offset + 200] ^= 1
    path.write_bytes(raw)
    found = verify.verify("shapes", str(folder), "train")
    assert sum(found.shard_counts) == _COUNT - 1
    (fault,) = found.faults
    assert fault.startswith(f"{told}: Expected intact TFRecord shards, found a corrupted record")


def test_shards_without_a_manifest_can_get_one(folder):
    descriptor = datasets.describe("shapes", "")
    found = verify.verify("shapes", str(folder), "train")
    verify.write_manifest(found, descriptor, str(folder))
    manifest = manifests.read(str(folder), "train")
    assert (manifest.num_examples, manifest.statistics) == (_COUNT, found.statistics)
    assert shard_index.load(str(folder), "train").image_sizes == manifest.image_sizes
    assert verify.verify("shapes", str(folder), "train") == found


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f.pop(examples.LABEL_ENCODED), "image/segmentation/class/encoded"),
        (lambda f: f.pop(examples.IMAGE_ENCODED), "image/encoded"),
        (lambda f: set_bytes(f, examples.IMAGE_ENCODED, b"no image"), "to be a JPEG or PNG file"),
        (lambda f: set_bytes(f, examples.LABEL_ENCODED, png(3, 3)), "to have one size"),
        (lambda f: set_bytes(f, examples.LABEL_ENCODED, png(20, 30, 99)), "found 99"),
        (lambda f: set_bytes(f, examples.LABEL_ENCODED, rgb()), "8-bit grayscale PNG"),
        (lambda f: halve(f, examples.IMAGE_ENCODED), "Invalid PNG data"),
    ],
    ids=["no label", "no image", "text", "other size", "other id", "colours", "truncated"],
)
def test_a_wrong_record_is_named(folder, change, reason):
    told = rewrite(folder, 4, change)
    found = verify.verify("shapes", str(folder), "train")
    (fault,) = found.faults
    assert fault.startswith(f"{told}: ")
    assert reason in fault
    assert sum(found.shard_counts) == _COUNT - 1


def set_bytes(features, key, value):
    features[key].bytes_list.value[:] = [value]


def halve(features, key):
    value = features[key].bytes_list.value[0]
    set_bytes(features, key, value[: len(value) // 2])


def png(height, width, value=0):
    return tf.io.encode_png(tf.fill([height, width, 1], tf.constant(value, tf.uint8))).numpy()


def rgb():
    return tf.io.encode_png(tf.zeros([20, 30, 3], tf.uint8)).numpy()


def test_a_truncated_shard_is_named(folder):
    path, _, _ = place(folder, _COUNT - 1)
    path.write_bytes(path.read_bytes()[:-9])
    found = verify.verify("shapes", str(folder), "train")
    assert sum(found.shard_counts) == _COUNT // 2
    (fault,) = found.faults
    assert path.name in fault
    assert "ends inside record" in fault


def test_a_missing_shard_and_a_missing_split_are_told(folder):
    with pytest.raises(UserError, match="val"):
        verify.verify("shapes", str(folder), "val")
    with pytest.raises(UserError, match="--splits"):
        verify.splits_of(str(folder / "none"))


def test_the_program_ends_with_the_number_of_faults(folder):
    rewrite(folder, 1, lambda features: set_bytes(features, examples.IMAGE_ENCODED, b"text"))
    arguments = ("--dataset=shapes", f"--dataset_dir={folder}", "--splits=train")
    result = programs.run("tfrecords_tools.verify", *arguments)
    assert "5 intact records" in result.stdout
    refusals.assert_program_refused(result, "Expected intact shards in", "found 1 faults")


def arguments(folder, *more):
    return ("--dataset=shapes", f"--dataset_dir={folder}", "--splits=train", *more)


def test_the_preview_shows_a_spread_of_the_examples(folder, tmp_path):
    path = tmp_path / "new" / "sheet.PNG"
    result = programs.run(
        "tfrecords_tools.verify", *arguments(folder, f"--preview={path}", "--preview_images=3")
    )
    assert result.returncode == 0, result.stderr
    picture = Image.open(path)
    sample = preview.Sample(3)
    found = verify.verify("shapes", str(folder), "train", sample)
    # The red channel of an image is its number; even numbers lie in the first shard.
    assert [np.asarray(one.tiles[0])[0, 0, 0] for one in sample.examples] == [2, 1, 5]
    assert [one.name for one in sample.examples] == ["picture 2", "picture 1", "picture 5"]
    assert sample.examples[1].facts == "20x30, train-00001-of-00002.tfrecord, record 0"
    shown = preview.section("train", found.sizes, found.statistics, sample)
    assert shown.facts == "6 images, height x width 20 x 30"
    facts = datasets.describe("shapes", "")
    drawn = data_sheet.draw([shown], facts.class_names, facts.colormap, facts.ignore_label)
    np.testing.assert_array_equal(np.asarray(picture), np.asarray(drawn))
    assert [item.name for item in path.parent.iterdir()] == ["sheet.PNG"]


def test_a_record_that_cannot_be_used_is_not_shown(folder):
    for number in (1, 2):
        rewrite(folder, number, lambda features: set_bytes(features, examples.IMAGE_ENCODED, b"x"))
    sample = preview.Sample(2)
    assert len(verify.verify("shapes", str(folder), "train", sample).faults) == 2
    # In their order, pictures 0, 2 and 4 come first, and the two in the middle of the halves.
    assert [one.name for one in sample.examples] == ["picture 1", "picture 3"]


def test_a_preview_of_nothing_but_faults(folder, tmp_path):
    for number in range(_COUNT):
        rewrite(folder, number, lambda features: set_bytes(features, examples.IMAGE_ENCODED, b"x"))
    path = tmp_path / "sheet.png"
    result = programs.run("tfrecords_tools.verify", *arguments(folder, f"--preview={path}"))
    refusals.assert_program_refused(result, "found 6 faults")
    assert Image.open(path).size[0] > 1000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sheet.jpg", ["--preview to be the name of a .png file", "sheet.jpg"]),
        ("folder.png", ["--preview to name a file, found the folder"]),
        ("file/sheet.png", ["writable folder at --preview="]),
    ],
)
def test_a_preview_that_cannot_be_written_is_refused_before_anything_is_read(
    folder, tmp_path, monkeypatch, name, words
):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(verify, "verify", None)
    flags = {"dataset": "shapes", "dataset_dir": str(folder), "splits": ("train",)}
    with refusals.refused(*words):
        verify.main(verify.VerifyConfig(**flags, preview=str(tmp_path / name)))
