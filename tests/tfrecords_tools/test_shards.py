import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import datasets, manifests, records, shard_index
from deeplab_nas.errors import UserError
from tfrecords_tools import shards

SHAPES = datasets.describe("shapes", "")


def encoded(array, image_format="png", **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, image_format, **options)
    return buffer.getvalue()


def picture(number, height=6, width=8):
    """An image of one colour that is its number, and a label of its number modulo seven."""
    image = np.full([height, width, 3], number, np.uint8)
    label = np.full([height, width], number % 7, np.uint8)
    return shards.LabeledImage(f"picture {number}", encoded(image), label)


def write(folder, load=picture, count=7, num_shards=3):
    return shards.write_split(str(folder), "train", range(count), load, SHAPES, num_shards)


def test_round_trip(tmp_path):
    manifest = write(tmp_path)
    assert manifest.shard_counts == (3, 3, 1)
    assert manifest.image_sizes == ((6, 8),)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "manifest-train.json",
        *(f"train-{number:05d}-of-00003.tfrecord" for number in range(3)),
    ]
    assert manifests.read(str(tmp_path), "train") == manifest
    index = shard_index.load(str(tmp_path), "train")
    dataset = tf.data.Dataset.range(7).map(records.reader(index, SHAPES))
    for number, (image, label, name) in enumerate(dataset):
        assert name.numpy().decode() == f"picture {number}"
        assert (image.numpy() == number).all()
        assert (label.numpy() == number).all()


def test_no_more_shards_than_examples(tmp_path):
    assert write(tmp_path, count=2, num_shards=5).shard_counts == (1, 1)
    assert shard_index.load(str(tmp_path), "train").num_examples == 2


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_build_leaves_nothing(tmp_path, stop):
    def load(number):
        if number == 5:
            raise stop
        return picture(number)

    with pytest.raises(stop):
        write(tmp_path, load)
    assert list(tmp_path.iterdir()) == []


def test_a_split_is_not_written_twice(tmp_path):
    write(tmp_path)
    with pytest.raises(UserError, match="Expected no shards of 'train'.*found 3"):
        write(tmp_path)


def test_no_examples_and_no_shards(tmp_path):
    with pytest.raises(UserError, match="found none"):
        write(tmp_path, count=0)
    with pytest.raises(UserError, match="--num_shards=0"):
        write(tmp_path, num_shards=0)


def test_wrong_label_id_names_the_file_and_the_id(tmp_path):
    def load(number):
        example = picture(number)
        example.label[0, 0] = 255
        example.label[1, 1] = 200 if number == 2 else 0
        return example

    with pytest.raises(UserError, match="below 7 or the ignore label 255 in picture 2, found 200"):
        write(tmp_path, load)
    assert list(tmp_path.iterdir()) == []


def test_sizes_that_differ_name_the_file(tmp_path):
    def load(number):
        return shards.LabeledImage("odd", picture(0).image, np.zeros([6, 9], np.uint8))

    with pytest.raises(UserError, match=r"label of odd to have one size, found 6x8 and 6x9"):
        write(tmp_path, load)


@pytest.mark.parametrize("raw", [b"", b"no image", picture(0).image[:-30]])
def test_unreadable_image_names_the_file(tmp_path, raw):
    def load(number):
        return shards.LabeledImage("broken", raw, np.zeros([6, 8], np.uint8))

    with pytest.raises(UserError, match="intact image file in broken"):
        write(tmp_path, load)
