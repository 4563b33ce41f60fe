"""What an unfinished build left is taken back as it was, or refused by name."""

import dataclasses
import json

import pytest

from deeplab_nas.data.class_statistics import ClassStatistics
from deeplab_nas.errors import UserError
from tfrecords_tools.writing.build_journal import BuildJournal, FinishedShard

SHARD = FinishedShard("id", 3, 2, ((4, 5), (6, 7)), ClassStatistics((1, 2), (3, 3), 4), ("One.",))


@pytest.fixture
def left(tmp_path):
    """A journal of which shard 1 is whole."""
    journal = BuildJournal(str(tmp_path), "train", ["id"] * 2)
    (tmp_path / "train-00001-of-00002.tfrecord.partial").write_bytes(b"abc")
    journal.finish(1, SHARD)
    return tmp_path


def test_a_finished_shard_comes_back(left):
    assert BuildJournal(str(left), "train", ["id"] * 2).finished == {1: SHARD}


def rewrite(folder, text):
    (folder / "building-train.json").write_text(text)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 5000, '{"1": 2}', '{"1": {}}', "\x00"])
def test_a_damaged_journal_is_refused_by_name(left, text):
    rewrite(left, text)
    with pytest.raises(UserError, match="building-train.json.*: remove it and build again"):
        BuildJournal(str(left), "train", ["id"] * 2)


@pytest.mark.parametrize("key", ["-1", "01", "one", " 1", "1_0", "\u0661", "100000"])
def test_a_shard_without_a_number_is_refused(left, key):
    rewrite(left, json.dumps({key: dataclasses.asdict(SHARD)}))
    with pytest.raises(UserError, match="to be under the number of a shard in .*building-train"):
        BuildJournal(str(left), "train", ["id"] * 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": 1},
        {"num_bytes": "3"},
        {"num_bytes": -3},
        {"num_examples": True},
        {"image_sizes": [[4, 5, 6]]},
        {"image_sizes": []},
        {"statistics": None},
        {"statistics": {"pixels": [1], "pixels_where_present": [1, 2], "ignored": 0}},
        {"skipped": [1]},
        {"extra": 1},
    ],
)
def test_a_shard_that_cannot_be_right_is_refused(left, changes):
    rewrite(left, json.dumps({"1": {**dataclasses.asdict(SHARD), **changes}}))
    with pytest.raises(UserError, match=f"{next(iter(changes))}.*: remove it and build again"):
        BuildJournal(str(left), "train", ["id"] * 2)
