"""Records that cannot be used end a run by name, or others take their place."""

import dataclasses
import itertools
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplab_nas.data import datasets, pipeline, shard_index
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.data.split import Split
from deeplab_nas.engine import search_loop, train_loop
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.runs.bad_records import BadRecords
from deeplab_nas.engine.steps.batches import Batches
from deeplab_nas.errors import UserError
from tests import trained_runs
from tests.data import made_shards
from tests.engine import test_search_loop, test_train_loop

SHAPES = datasets.describe("shapes", "")
COUNT = 9
# Crops show where they come from.
_PLAIN = DataConfig(
    train_crop_size=(20, 30),
    train_batch_size=4,
    min_scale_factor=1.0,
    max_scale_factor=1.0,
    random_flip=False,
)


def write(folder, contents):
    """Shards whose records have these examples of `made_shards`; None stands for a broken one."""
    trained_runs.make_shards(folder)
    # In the order on disk, which alternates between two shards.
    order = [*contents[: (COUNT + 1) // 2], *contents[(COUNT + 1) // 2 :]]
    at = dict(zip([*range(0, COUNT, 2), *range(1, COUNT, 2)], order, strict=True))
    pairs = [made_shards.numbered_example(at[n] or 0) for n in range(COUNT)]
    made_shards.write(folder, "train", pairs)
    index = shard_index.load(str(folder), "train")
    for number, content in enumerate(contents):
        if content is None:
            path = pathlib.Path(index.filenames[index.shards[number]])
            raw = bytearray(path.read_bytes())
            raw[int(index.offsets[number]) + 60] ^= 1
            path.write_bytes(raw)
    return str(folder)


def replaced(bad):
    """What comes in the places of bad records, when all of the split is drawn from."""
    good = [number for number in range(COUNT) if number not in bad]
    return [next((g for g in good if g >= n), good[0]) for n in range(COUNT)]


def made(folder, allowed, tmp_path):
    split = Split.load(SHAPES, folder, "train")
    return BadRecords(str(tmp_path / "bad_records.json"), allowed, split)


def with_bad(tmp_path, bad):
    contents = [None if n in bad else n for n in range(COUNT)]
    return write(tmp_path / f"shards {bad}", contents)


def test_the_first_is_named_where_none_is_allowed(tmp_path):
    records = made(with_bad(tmp_path, [3, 6]), 0, tmp_path)
    assert not records.find_one([0, 1, 2])
    with pytest.raises(UserError, match=r"^train-00000-of-00002.tfrecord, record 3: .*corrupted"):
        records.find_one([2, 3, 6])


def test_as_many_as_are_allowed_are_replaced_and_told_once(tmp_path, capsys):
    folder = with_bad(tmp_path, [3, 8])
    records = made(folder, 2, tmp_path)
    assert [records.find_one([8, 3, 3]) for _ in range(3)] == [True, True, False]
    again = made(folder, 2, tmp_path)
    history = History(str(tmp_path / "history.jsonl"))
    for found in (records, again):
        np.testing.assert_array_equal(found.replaced(np.arange(COUNT)), replaced([3, 8]))
        found.report(history, 5)
    second, first = history.read()
    assert first["kind"] == "bad_record"
    assert first["step"] == 5
    assert first["fault"].startswith("train-00000-of-00002.tfrecord, record 3")
    assert second["fault"].startswith("train-00001-of-00002.tfrecord, record 3")
    assert capsys.readouterr().err.count("Skipped: ") == 2


def test_more_than_are_allowed_are_refused(tmp_path):
    records = made(with_bad(tmp_path, [1, 2, 3]), 2, tmp_path)
    assert records.find_one([1])
    assert records.find_one([1, 2])
    with pytest.raises(UserError, match="at most --skip_bad_records=2 .*found 3: train-00000"):
        records.find_one([1, 2, 3])


@pytest.mark.parametrize("text", ["", "[]", '{"a": "b"}', '{"9": "no such record"}', "[" * 5000])
def test_a_damaged_list_is_told(tmp_path, text):
    folder = with_bad(tmp_path, [])
    (tmp_path / "bad_records.json").write_text(text)
    with pytest.raises(UserError, match="bad_records.json"):
        made(folder, 2, tmp_path)


@settings(max_examples=50)
@given(st.sets(st.integers(0, 19), max_size=19), st.permutations(range(20)))
def test_what_replaces_does_not_depend_on_when_faults_are_found(bad, order):
    records = BadRecords.__new__(BadRecords)
    records._faults = dict.fromkeys(bad, "a fault")
    indices = np.array(order)
    found = records.replaced(indices)
    assert not set(found) & bad
    for place, number in enumerate(indices):
        if number not in bad:
            assert found[place] == number
        else:
            following = np.roll(indices, -place)
            assert found[place] == next(n for n in following if n not in bad)


def test_drawn_examples_are_those_of_the_batches(tmp_path):
    folder = with_bad(tmp_path, [])
    split = Split.load(SHAPES, folder, "train")
    indices = np.array([7, 2, 5, 0, 8])
    batches = pipeline.train_dataset(_PLAIN, split, indices, 3, 2).take(4)
    seen = [int(image[0, 0, 0]) for images, _ in batches for image in images]
    assert seen == list(pipeline.drawn_examples(_PLAIN, indices, 3, 2, 6))


@pytest.mark.slow
def test_a_training_passes_over_a_bad_record(tmp_path):
    bad = [2, 7]
    whole = trained_runs.make_config(
        write(tmp_path / "whole shards", replaced(bad)), tmp_path / "whole"
    )
    train_loop.run(whole)
    config = trained_runs.make_config(
        with_bad(tmp_path, bad), tmp_path / "run", skip_bad_records=2, steps_per_loop=3
    )
    train_loop.run(config)
    expected, found = (test_train_loop.saved_values(c) for c in (whole, config))
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
    told = [r["fault"] for r in test_train_loop.read_history(config) if r["kind"] == "bad_record"]
    assert sorted(fault.split(":")[0] for fault in told) == [
        "train-00000-of-00002.tfrecord, record 2",
        "train-00001-of-00002.tfrecord, record 2",
    ]


@pytest.mark.slow
def test_a_search_names_a_bad_record_and_goes_on_when_it_may(tmp_path):
    config = test_search_loop.made_config(with_bad(tmp_path, [0, 5]), tmp_path / "run")
    with pytest.raises(UserError, match=r"train-0000\d-of-00002.tfrecord, record 0: "):
        search_loop.run(config)
    search_loop.run(dataclasses.replace(config, skip_bad_records=2))
    history = test_search_loop.read_history(config)
    assert [r["kind"] for r in history].count("bad_record") == 2
    assert [r["step"] for r in history if r["kind"] == "epoch"] == [2, 4]


@pytest.mark.slow
def test_a_bad_record_of_the_validation_split_is_named(tmp_path):
    folder = with_bad(tmp_path, [])
    index = shard_index.load(folder, "val")
    path = pathlib.Path(index.filenames[index.shards[1]])
    raw = bytearray(path.read_bytes())
    raw[int(index.offsets[1]) + 60] ^= 1
    path.write_bytes(raw)
    config = trained_runs.make_config(folder, tmp_path / "run", skip_bad_records=5)
    with pytest.raises(UserError, match=r"val-0000\d-of-00002.tfrecord, record \d: .*corrupted"):
        train_loop.run(config)


def test_batches_outside_the_steps_of_a_run_pass_over_bad_records(tmp_path):
    split = Split.load(SHAPES, with_bad(tmp_path, [2, 7]), "train")
    indices = np.arange(COUNT)

    def taken(allowed):
        records = BadRecords(str(tmp_path / f"bad_{allowed}.json"), allowed, split)
        strategy = tf.distribute.get_strategy()
        batches = Batches(strategy, _PLAIN, split, indices, 3, records)
        return list(itertools.islice(batches.from_step(1), 4)), records

    batches, records = taken(2)
    expected = pipeline.drawn_examples(_PLAIN, records.replaced(indices), 3, 1, 5)
    seen = [int(image[0, 0, 0]) for images, _ in batches for image in images]
    assert seen == list(expected)
    assert not {2, 7} & set(seen)
    with pytest.raises(UserError, match="record"):
        taken(0)
