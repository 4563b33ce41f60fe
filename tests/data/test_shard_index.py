import dataclasses
import hashlib
import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.data import datasets, examples, manifests, record_faults, shard_index
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError
from tests import places
from tests.data import made_shards


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    pairs = [made_shards.numbered_example(n, height=20 + n) for n in range(5)]
    return made_shards.write(tmp_path_factory.mktemp("made"), "train", pairs)


@pytest.fixture
def copied(made, tmp_path):
    return pathlib.Path(shutil.copytree(made, tmp_path / "copied"))


def test_index_finds_every_record(made):
    index = shard_index.load(made, "train")
    assert index.num_examples == 5
    np.testing.assert_array_equal(index.shards, [0, 0, 0, 1, 1])
    assert (index.max_height, index.max_width) == (24, 30)
    read = Split(index, datasets.describe("shapes", "")).reader()
    dataset = tf.data.Dataset.range(5).map(read)
    # Shard 0 holds the even numbers, shard 1 the odd ones.
    assert [int(image[0, 0, 0]) for image, _, _ in dataset] == [0, 2, 4, 1, 3]


def test_split_names_of_cityscapes_stand_for_each_other(made):
    assert shard_index.load(made, "train_fine").split == "train"


def test_missing_folder():
    with pytest.raises(UserError, match="found nothing at '/no/where'.*--dataset_dir"):
        shard_index.load("/no/where", "train")


def test_missing_split_names_the_ones_there(made, tmp_path):
    with pytest.raises(UserError, match="found those of: train"):
        shard_index.load(made, "val")
    with pytest.raises(UserError, match="found those of: no shards at all"):
        shard_index.load(str(tmp_path), "val")


def test_missing_shard_is_named(copied):
    (copied / "train-00001-of-00002.tfrecord").unlink()
    with pytest.raises(UserError, match="train-00001-of-00002.tfrecord is missing"):
        shard_index.load(str(copied), "train")


def test_two_sets_of_shards_are_refused(copied):
    shutil.copy(copied / "train-00000-of-00002.tfrecord", copied / "train-00000-of-00003.tfrecord")
    with pytest.raises(UserError, match="found sets of 2 and 3"):
        shard_index.load(str(copied), "train")


@pytest.mark.parametrize("cut", [1, 200])
def test_truncated_shard_is_named(copied, cut):
    path = copied / "train-00001-of-00002.tfrecord"
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(UserError, match="train-00001-of-00002.tfrecord.*ends inside record 1"):
        shard_index.load(str(copied), "train")


def test_empty_shards_are_refused(copied):
    for path in copied.iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match="found none"):
        shard_index.load(str(copied), "train")


def test_counts_that_differ_from_the_manifest_are_refused(copied):
    descriptor = dataclasses.asdict(datasets.describe("shapes", ""))
    shared = ("num_classes", "ignore_label", "class_names", "colormap")
    facts = {key: descriptor[key] for key in shared}
    manifest = manifests.Manifest(
        dataset="shapes",
        split="train",
        num_examples=6,
        shard_counts=(3, 3),
        image_sizes=((20, 30),),
        **facts,
    )
    manifests.write(manifest, str(copied))
    with pytest.raises(UserError, match=r"Expected \[3, 3\].*found \[3, 2\]"):
        shard_index.load(str(copied), "train")


def test_a_flipped_bit_is_found_by_the_checksum(copied):
    path = copied / "train-00000-of-00002.tfrecord"
    damaged = bytearray(path.read_bytes())
    damaged[100] ^= 1
    path.write_bytes(damaged)
    split = Split.load(datasets.describe("shapes", ""), str(copied), "train")
    ((number, fault),) = record_faults.find(split, range(split.index.num_examples))
    assert number == 0
    assert fault.startswith("train-00000-of-00002.tfrecord, record 0: ")


def rewritten(folder, order, num_shards=1):
    """Writes the records of all shards again, in another order or into other shards."""
    paths = sorted(folder.glob("train-*.tfrecord"))
    records = [record.numpy() for record in tf.data.TFRecordDataset([str(p) for p in paths])]
    for path in paths:
        path.unlink()
    parts = np.array_split([n for n in order if n < len(records)], num_shards)
    for number, part in enumerate(parts):
        path = folder / shard_index.shard_name("train", number, num_shards)
        with tf.io.TFRecordWriter(str(path)) as writer:
            for place in part:
                writer.write(records[place])


def test_the_digest_is_of_the_records_and_their_order_alone(made, copied):
    digest = shard_index.load(made, "train").digest
    assert len(digest) == 64
    for path in copied.iterdir():
        path.touch()
    assert shard_index.load(str(copied), "train").digest == digest
    # Other shards, the same records by their number.
    rewritten(copied, range(5), num_shards=3)
    assert shard_index.load(str(copied), "train").digest == digest
    rewritten(copied, [1, 0, 2, 3, 4])
    assert shard_index.load(str(copied), "train").digest != digest


@pytest.mark.parametrize("change", ["one fewer", "another pixel"])
def test_the_digest_is_of_all_records(made, tmp_path, change):
    pairs = [made_shards.numbered_example(n, height=20 + n) for n in range(5)]
    if change == "one fewer":
        pairs = pairs[:4]
    else:
        pairs[4][0][19, 29, 2] ^= 1
    other = made_shards.write(tmp_path, "train", pairs)
    assert shard_index.load(other, "train").digest != shard_index.load(made, "train").digest


def test_the_digest_costs_no_reads_of_its_own(made, monkeypatch):
    reads = []

    class Counting(tf.io.gfile.GFile):
        def read(self, n=-1):
            reads.append(n)
            return super().read(n)

    monkeypatch.setattr(tf.io.gfile, "GFile", Counting)
    index = shard_index.load(made, "train")
    # One a record, and one a shard to begin with.
    assert len(reads) == index.num_examples + len(index.filenames)
    assert max(reads) == 16


@pytest.mark.parametrize("image_format", ["jpeg", "png"])
def test_shards_of_the_official_converter_are_read_exactly(image_format):
    folder = places.FIXTURES / "official_tfrecords" / image_format
    text = json.loads((folder / "expected.json").read_text())
    expected = text["records"] if isinstance(text, dict) else text
    descriptor = datasets.describe("pascal_voc_seg", str(folder))
    for split in ("train", "val"):
        index = shard_index.load(str(folder), split)
        wanted = [record for record in expected if record["split"] == split]
        assert index.num_examples == len(wanted)
        assert index.max_height == max(record["height"] for record in wanted)
        dataset = tf.data.Dataset.range(len(wanted)).map(Split(index, descriptor).reader())
        for (image, label, name), record in zip(dataset, wanted, strict=True):
            pixels = image.numpy().astype(np.uint8).tobytes()
            assert hashlib.sha256(pixels).hexdigest() == record["image_decoded_sha256"]
            assert name.numpy().decode() == record["filename"]
            ids = label.numpy().tobytes()
            assert hashlib.sha256(ids).hexdigest() == record["label_decoded_sha256"]
        parsed = map(examples.parse, tf.data.TFRecordDataset(index.filenames))
        names = [example[examples.IMAGE_FILENAME].numpy().decode() for example in parsed]
        assert names == [record["filename"] for record in wanted]
