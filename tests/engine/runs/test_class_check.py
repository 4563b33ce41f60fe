"""A run is refused on a split that has nothing to learn, and warned of classes without a pixel."""

import dataclasses

import pytest

from deeplab_nas.data import class_statistics, datasets, manifests, pipeline
from deeplab_nas.engine import search_loop, train_loop
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.runs import class_check
from tests import refusals, trained_runs

_NUM_CLASSES = 6


def count(folder, split, *pixels, ignored=1):
    """Writes a manifest by which the first classes have so many pixels."""
    pixels += (0,) * (_NUM_CLASSES - len(pixels))
    descriptor = datasets.describe("shapes", "")
    counts = {"train": [5, 4], "val": [2, 1]}[split]
    statistics = class_statistics.ClassStatistics(pixels, pixels, ignored)
    found = manifests.of_shards(descriptor, split, counts, {(20, 30)}, statistics)
    manifests.write(found, folder)


@pytest.fixture
def folder(tmp_path):
    return trained_runs.make_shards(tmp_path / "shards")


def check(folder, tell=True):
    train, val = pipeline.splits(trained_runs.make_data(folder))
    class_check.check(train, val, folder, tell)


def test_splits_without_counts_are_taken(folder, capsys):
    check(folder)
    count(folder, "train", *range(1, 7))
    check(folder)
    assert capsys.readouterr().err == ""


def test_classes_without_a_pixel_are_told_once(folder, capsys):
    count(folder, "train", 1, 2, 3, 0, 4)
    check(folder)
    told = "In the training split 'train' 2 of 6 classes have no pixel: ring, star.\n"
    assert capsys.readouterr().err == told
    check(folder, tell=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("split", "pixels", "words"),
    [
        ("train", (0,), ["'train'", "only ignored"]),
        ("val", (0,), ["'val'", "only ignored"]),
        ("train", (0, 0, 5), ["'triangle' alone", "manifest-train.json"]),
    ],
)
def test_nothing_to_learn_or_to_measure_is_refused_before_a_run_begins(
    folder, tmp_path, split, pixels, words
):
    count(folder, split, *pixels)
    run = tmp_path / "run"
    with refusals.refused(*words):
        train_loop.run(trained_runs.make_config(folder, run))
    with refusals.refused(*words):
        search_loop.run(SearchConfig(train_logdir=str(run), data=trained_runs.make_data(folder)))
    assert not run.exists()


def test_one_class_in_the_validation_split_is_taken(folder):
    count(folder, "val", 3)
    check(folder)


def test_a_set_of_one_class_is_refused(folder):
    splits = pipeline.splits(trained_runs.make_data(folder))
    one = dataclasses.replace(splits[0].descriptor, num_classes=1)
    train, val = (dataclasses.replace(split, descriptor=one) for split in splits)
    with refusals.refused("two classes or more", "found 1"):
        class_check.check(train, val, folder, tell=True)
