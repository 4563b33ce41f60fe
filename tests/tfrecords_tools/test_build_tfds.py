"""A data set that TFDS has prepared becomes shards; nothing is downloaded."""

import dataclasses

import numpy as np
import pytest
import tensorflow_datasets as tfds

from deeplab_nas.data import datasets
from deeplab_nas.errors import UserError
from tests.data import made_shards
from tests.tfrecords_tools import written_shards
from tests.tfrecords_tools.writing import stopped
from tfrecords_tools import build_tfds
from tfrecords_tools.writing import build_journal

_COUNTS = {"train": 5, "test": 2}


class MadeSegmentation(tfds.core.GeneratorBasedBuilder):
    """Numbered pictures with ids 1 to 4, as some sets begin at 1."""

    VERSION = tfds.core.Version("1.0.0")
    FIRST_LABEL = 1

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "mask": tfds.features.Image(shape=(None, None, 1)),
            "name": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(count) for split, count in _COUNTS.items()}

    def _generate_examples(self, count):
        for number in range(count):
            image, label = made_shards.numbered_example(number)
            mask = (label + self.FIRST_LABEL)[..., None]
            yield number, {"image": image, "mask": mask, "name": str(number)}


class Cityscapes(MadeSegmentation):
    """A set of that name, whose ids are the raw ones: 7 road, 8 sidewalk, 9 and 10 no class."""

    FIRST_LABEL = 7


def prepare(folder, builder_class):
    builder = builder_class(data_dir=str(folder))
    builder.download_and_prepare()
    return str(builder.data_path)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("tfds"), MadeSegmentation)


def config(prepared, folder, **settings):
    defaults = {"num_classes": 4, "first_label": 1}
    return build_tfds.TfdsConfig(
        tfds_name=prepared, output_dir=str(folder), **{**defaults, **settings}
    )


def test_images_and_shifted_labels(prepared, tmp_path):
    built = build_tfds.build(config(prepared, tmp_path))
    assert {manifest.split: manifest.num_examples for manifest in built} == _COUNTS
    descriptor = datasets.describe("folder", str(tmp_path))
    assert (descriptor.num_classes, descriptor.ignore_label) == (4, 255)
    for split, count in _COUNTS.items():
        found = written_shards.read(tmp_path, split)
        # TFDS orders by a hash of its own; the red channel is the number.
        by_number = {int(image[0, 0, 0]): (image, label) for image, label in found.values()}
        assert sorted(by_number) == list(range(count))
        for number, (image, label) in by_number.items():
            expected = made_shards.numbered_example(number)
            np.testing.assert_array_equal(image, expected[0])
            np.testing.assert_array_equal(label, expected[1])


def test_lower_ids_and_the_ignore_label_are_ignored(prepared, tmp_path):
    settings = {"splits": ("test",), "num_classes": 2, "first_label": 2, "ignore_label": 4}
    build_tfds.build(config(prepared, tmp_path, **settings))
    for image, label in written_shards.read(tmp_path, "test").values():
        original = made_shards.numbered_example(int(image[0, 0, 0]))[1]
        np.testing.assert_array_equal(label, np.array([255, 0, 1, 255], np.uint8)[original])


def test_ids_are_mapped_and_the_file_s_are_kept_for_predictions(prepared, tmp_path):
    settings = {"num_classes": 0, "first_label": 0, "label_map": ("1:1", "3:0", "*:ignore")}
    manifest = build_tfds.build(config(prepared, tmp_path, **settings))[0]
    assert (manifest.num_classes, manifest.submission_ids) == (2, (3, 1))
    for image, label in written_shards.read(tmp_path, "test").values():
        original = made_shards.numbered_example(int(image[0, 0, 0]))[1]
        np.testing.assert_array_equal(label, np.array([1, 255, 0, 255], np.uint8)[original])


def test_a_build_started_again_with_other_ids_begins_anew(prepared, tmp_path, monkeypatch):
    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stopped.setattr(build_journal.BuildJournal, "publish", _interrupt)
        build_tfds.build(config(prepared, tmp_path, splits=("train",)))
    assert list(tmp_path.glob("*.complete"))
    settings = {"label_map": ("1:3", "2:2", "3:1", "4:0"), "first_label": 0}
    build_tfds.build(config(prepared, tmp_path, splits=("train",), **settings))
    for image, label in written_shards.read(tmp_path, "train").values():
        original = made_shards.numbered_example(int(image[0, 0, 0]))[1]
        np.testing.assert_array_equal(label, 3 - original)


def _interrupt(*_):
    raise KeyboardInterrupt


def test_raw_ids_of_cityscapes_become_classes(tmp_path):
    prepared = prepare(tmp_path / "tfds", Cityscapes)
    (manifest,) = build_tfds.build(
        build_tfds.TfdsConfig(
            tfds_name=prepared, output_dir=str(tmp_path / "shards"), splits=("test",)
        )
    )
    assert (manifest.dataset, manifest.num_classes) == ("cityscapes", 19)
    for image, label in written_shards.read(tmp_path / "shards", "test").values():
        original = made_shards.numbered_example(int(image[0, 0, 0]))[1]
        np.testing.assert_array_equal(label, np.array([0, 1, 255, 255], np.uint8)[original])


@pytest.mark.parametrize("settings", [{"first_label": 1}, {"label_map": ("7:0", "8:1")}])
def test_the_classes_of_cityscapes_are_not_for_flags_to_say(tmp_path, settings):
    prepared = prepare(tmp_path / "tfds", Cityscapes)
    with pytest.raises(UserError, match=f"Expected no --{[*settings][0]} with cityscapes"):
        given = config(prepared, tmp_path / "shards", **{"first_label": 0, **settings})
        build_tfds.build(dataclasses.replace(given, num_classes=0))


def test_only_a_test_split_may_be_ignored_everywhere(prepared, tmp_path):
    settings = {"first_label": 0, "label_map": ("9:0", "8:1", "*:ignore"), "num_classes": 2}
    with pytest.raises(UserError, match="in the split 'train', found only ignored"):
        build_tfds.build(config(prepared, tmp_path, splits=("train",), **settings))
    (manifest,) = build_tfds.build(config(prepared, tmp_path, splits=("test",), **settings))
    assert manifest.statistics.pixels == (0, 0)


def test_a_kill_at_any_moment(prepared, tmp_path, monkeypatch):
    # TFDS takes a quarter of a second for each shard.
    monkeypatch.setattr(build_tfds, "_NUM_SHARDS", 1)
    stopped.check_every_moment(
        lambda folder: build_tfds.build(config(prepared, folder)), tmp_path / "shards", 7
    )


def test_a_split_of_other_settings_is_not_kept(prepared, tmp_path):
    build_tfds.build(config(prepared, tmp_path, splits=("test",)))
    with pytest.raises(
        UserError, match="'test'.*'--ignore_label=255' instead of '--ignore_label=9'"
    ):
        build_tfds.build(config(prepared, tmp_path, ignore_label=9))
    assert not list(tmp_path.glob("*train*"))
    built = build_tfds.build(config(prepared, tmp_path))
    assert {manifest.split for manifest in built} == set(_COUNTS)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"tfds_name": "no_such_set_at_all"}, "--tfds_name to be a data set of TFDS"),
        ({"tfds_name": "oxford_iiit_pet"}, "oxford_iiit_pet.* prepared at .*found nothing"),
        ({"splits": ("val",)}, "--splits to be some of .*train.*found val"),
        ({"num_classes": 0}, "Expected --num_classes"),
        ({"num_classes": 3}, "up to 3 .*or the ignore label 255 in .*, found 4"),
        ({"num_classes": 1}, "two classes or more"),
        ({"label_map": ("1:0", "2:1")}, "one of --label_map and --first_label"),
        ({"label_map": ("1:0", "2:1"), "first_label": 0}, "that --label_map names in .*, found 3"),
        ({"label_map": ("1:0", "2:4"), "first_label": 0}, "classes of 0 to 3 or ignore"),
    ],
)
def test_what_does_not_fit_is_told(prepared, tmp_path, settings, sentence):
    given = config(prepared, tmp_path / "shards", tfds_dir=str(tmp_path / "none"))
    with pytest.raises(UserError, match=sentence):
        build_tfds.build(dataclasses.replace(given, **settings))
