import dataclasses
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import datasets, manifests, shard_index
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.writing import shards
from tfrecords_tools.writing.build_options import BuildOptions

SHAPES = datasets.describe("shapes", "")


def encoded(array, image_format="png", **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, image_format, **options)
    return buffer.getvalue()


def picture(number, height=6, width=8):
    """An image of one colour that is its number, and a label of its number modulo six."""
    image = np.full([height, width, 3], number, np.uint8)
    label = np.full([height, width], number % 6, np.uint8)
    return LabeledImage(f"picture {number}", encoded(image), label)


def write(folder, load=picture, count=7, num_shards=3, options=None):
    split = shards.Split("train", range(count), load, SHAPES, num_shards)
    return shards.write_split(str(folder), split, options)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_round_trip(tmp_path):
    manifest = write(tmp_path)
    assert manifest.shard_counts == (3, 3, 1)
    assert manifest.image_sizes == ((6, 8),)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "manifest-train.json",
        *(f"train-{number:05d}-of-00003.tfrecord" for number in range(3)),
    ]
    assert manifests.read(str(tmp_path), "train") == manifest
    split = Split.load(SHAPES, str(tmp_path), "train")
    dataset = tf.data.Dataset.range(7).map(split.reader())
    for number, (image, label, name) in enumerate(dataset):
        assert name.numpy().decode() == f"picture {number}"
        assert (image.numpy() == number).all()
        assert (label.numpy() == number % 6).all()


def test_no_more_shards_than_examples(tmp_path):
    assert write(tmp_path, count=2, num_shards=5).shard_counts == (1, 1)
    assert shard_index.load(str(tmp_path), "train").num_examples == 2


def test_an_interrupted_build_goes_on_with_what_is_missing(tmp_path):
    loaded, fails = [], [True]

    def load(number):
        if number == 5 and fails.pop():
            raise MemoryError
        loaded.append(number)
        return picture(number)

    with pytest.raises(MemoryError):
        write(tmp_path / "stopped", load, options=BuildOptions(num_workers=1))
    assert sorted(files(tmp_path / "stopped")) == [
        "building-train.json",
        "train-00000-of-00003.tfrecord.complete",
    ]
    loaded.clear()
    fails.append(False)
    write(tmp_path / "stopped", load)
    assert sorted(loaded) == [3, 4, 5, 6]
    write(tmp_path / "whole")
    assert files(tmp_path / "stopped") == files(tmp_path / "whole")


@pytest.mark.parametrize("change", ["items", "damage", "missing", "no journal"])
def test_what_no_longer_fits_is_made_again(tmp_path, change):
    def load(number):
        if number == 5:
            raise MemoryError
        return picture(number)

    with pytest.raises(MemoryError):
        write(tmp_path / "stopped", load)
    shard = tmp_path / "stopped" / "train-00000-of-00003.tfrecord.complete"
    count = 7
    if change == "items":
        count = 8
    elif change == "damage":
        shard.write_bytes(shard.read_bytes()[:-1])
    elif change == "missing":
        shard.unlink()
    else:
        (tmp_path / "stopped" / "building-train.json").unlink()
    for folder in ("stopped", "whole"):
        write(tmp_path / folder, count=count)
    assert files(tmp_path / "stopped") == files(tmp_path / "whole")


def test_a_build_that_ended_while_it_named_its_shards_is_finished(tmp_path, monkeypatch):
    def fail(manifest, output_dir):
        raise MemoryError

    monkeypatch.setattr(manifests, "write", fail)
    with pytest.raises(MemoryError):
        write(tmp_path / "stopped")
    monkeypatch.undo()
    first = tmp_path / "stopped" / "train-00000-of-00003.tfrecord"
    first.rename(f"{first}.complete")

    def never(number):
        raise AssertionError

    write(tmp_path / "stopped", never)
    write(tmp_path / "whole")
    assert files(tmp_path / "stopped") == files(tmp_path / "whole")


def test_bad_examples_are_left_out_counted_and_listed(tmp_path, capsys):
    def load(number):
        if number == 4:
            return LabeledImage("odd", picture(0).image, np.zeros([6, 9], np.uint8))
        return picture(number)

    options = BuildOptions(skip_bad=True, max_bad_share=0.2)
    manifest = write(tmp_path, load, options=options)
    assert manifest.shard_counts == (3, 2, 1)
    (sentence,) = manifest.skipped
    assert "odd to have one size" in sentence
    assert sentence in capsys.readouterr().err
    assert manifests.read(str(tmp_path), "train") == manifest
    assert shard_index.load(str(tmp_path), "train").num_examples == 6


def test_too_many_bad_examples_end_the_build(tmp_path):
    def load(number):
        return picture(number) if number > 1 else LabeledImage("bad", b"", picture(0).label)

    options = BuildOptions(skip_bad=True, max_bad_share=0.2)
    with pytest.raises(UserError, match="share of 0.2 of the 7 examples of 'train'.*found 2"):
        write(tmp_path, load, options=options)
    assert not list(tmp_path.glob("*.tfrecord"))
    loosened = dataclasses.replace(options, max_bad_share=0.5)
    assert write(tmp_path, None, options=loosened).num_examples == 5


def test_a_split_without_good_examples_is_refused_whatever_share_may_be_bad(tmp_path):
    def load(_):
        return LabeledImage("bad", b"", picture(0).label)

    options = BuildOptions(skip_bad=True, max_bad_share=1)
    with pytest.raises(UserError, match="'train' that can be used, found none of 7 .*: mend"):
        write(tmp_path, load, options=options)


def test_pixels_are_counted_by_class(tmp_path):
    def load(number):
        example = picture(number)
        example.label[0, :3] = 255
        return example

    statistics = write(tmp_path, load, count=8).statistics
    assert statistics.pixels == (90, 90, 45, 45, 45, 45)
    assert statistics.pixels_where_present == statistics.pixels
    assert statistics.ignored == 24


def test_a_split_is_not_written_twice(tmp_path):
    manifest = write(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    def never(number):
        raise AssertionError

    assert write(tmp_path, never) == manifest
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    with pytest.raises(UserError, match="'train'.*found 3 shards instead of 2.*remove manifest"):
        write(tmp_path, num_shards=2)


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

    with pytest.raises(
        UserError, match="below 6 or the ignore label 255 in the label of picture 2, found 200"
    ):
        write(tmp_path, load)
    assert not list(tmp_path.glob("*.tfrecord"))


def test_sizes_that_differ_name_the_file(tmp_path):
    def load(number):
        return LabeledImage("odd", picture(0).image, np.zeros([6, 9], np.uint8))

    with pytest.raises(UserError, match=r"label of odd to have one size, found 6x8 and 6x9"):
        write(tmp_path, load)


@pytest.mark.parametrize("raw", [b"", b"no image", picture(0).image[:-30]])
def test_unreadable_image_names_the_file(tmp_path, raw):
    def load(number):
        return LabeledImage("broken", raw, np.zeros([6, 8], np.uint8))

    with pytest.raises(UserError, match="intact image file in broken"):
        write(tmp_path, load)
