"""A file is there whole, or as it was before; a failure is one sentence and leaves nothing."""

import errno
import json
import os

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.data import manifests, shard_index
from deeplab_nas.engine.prediction import input_files
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from tests import refusals
from tests.data import made_shards
from tests.faults import full_disk

_PICTURE = PIL.Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
_WRITERS = {
    "bytes": lambda path: atomic.write_bytes(path, b"\xff" * 99),
    "text": lambda path: atomic.write_text(path, "new" * 33),
    "json": lambda path: atomic.write_json(path, {"new": [1.5] * 33}),
    "png": lambda path: atomic.write_png(path, _PICTURE),
    "architecture": nas_genotypes.auto_deeplab().save,
}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_contents_come_back(tmp_path):
    path = tmp_path / "file"
    atomic.write_bytes(path, b"")
    assert path.read_bytes() == b""
    atomic.write_text(path, "first, and longer")
    atomic.write_text(str(path), "zweite ä")
    assert path.read_text(encoding="utf-8") == "zweite ä"
    atomic.write_json(path, {"ä": [1, 2.5, None]}, indent=2)
    assert path.read_text() == json.dumps({"ä": [1, 2.5, None]}, indent=2) + "\n"
    atomic.write_png(path, _PICTURE)
    assert list(PIL.Image.open(path).tobytes()) == list(range(48))
    assert names(tmp_path) == ["file"]


def test_numbers_that_json_lacks_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        atomic.write_json(tmp_path / "file", [float("nan")])
    assert names(tmp_path) == []


@pytest.mark.parametrize("write", _WRITERS.values(), ids=_WRITERS)
def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path, write):
    path = tmp_path / "file"
    path.write_text("old")
    sentence = rf"Expected to write to {path}, but that failed \(.+\): make room there, or .*\.$"
    with full_disk.no_file_longer_than(20), pytest.raises(UserError, match=sentence):
        write(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("write", _WRITERS.values(), ids=_WRITERS)
def test_a_folder_that_is_missing_is_told(tmp_path, write):
    path = tmp_path / "missing" / "file"
    with pytest.raises(UserError, match=rf"Expected to write to {path}, .*No such file.*make room"):
        write(path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("write", _WRITERS.values(), ids=_WRITERS)
def test_a_folder_in_the_way_is_told_and_nothing_is_left(tmp_path, write):
    (tmp_path / "file" / "inner").mkdir(parents=True)
    with pytest.raises(UserError, match="Expected to write to .*file, but that failed"):
        write(tmp_path / "file")
    assert names(tmp_path) == ["file"]


def test_a_folder_is_made_and_left_empty(tmp_path):
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        atomic.make_folder(str(folder), "--output_dir", str(folder / "c"))
        assert names(folder) == ["c"]


def test_a_folder_that_cannot_be_written_is_told_by_its_flag(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    sentence = (
        r"Expected a writable folder at --output_dir=.*, found .* \(.+\): name another one\.$"
    )
    for folder in ("file", "file/below"):
        with pytest.raises(UserError, match=sentence):
            atomic.make_folder(str(tmp_path / folder), "--output_dir")

    def refused(*_):
        raise tf.errors.PermissionDeniedError(None, None, "Permission denied")

    monkeypatch.setattr(tf.io.gfile, "GFile", refused)
    with pytest.raises(UserError, match=sentence):
        atomic.make_folder(str(tmp_path / "new"), "--output_dir")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch, interruption):
    def interrupted(*_, **__):
        raise interruption

    monkeypatch.setattr(tf.io.gfile, "rename", interrupted)
    with pytest.raises(interruption):
        atomic.write_text(tmp_path / "file", "new")
    assert names(tmp_path) == []


def test_the_first_error_is_told_where_nothing_can_be_removed_either(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise tf.errors.PermissionDeniedError(None, None, "later")

    monkeypatch.setattr(tf.io.gfile, "remove", refused)
    with full_disk.no_file_longer_than(2), pytest.raises(UserError) as error:
        atomic.write_text(tmp_path / "file", "new")
    assert "later" not in str(error.value)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left"), "[Errno 28] No space left"),
        (OSError(), "OSError"),
        (tf.errors.UnknownError(None, None, ""), "UnknownError"),
        (
            tf.errors.ResourceExhaustedError(
                None, None, "{{function_node __wrapped__X}} a/b;  No space left [Op:X]\n at line 7"
            ),
            "a/b; No space left",
        ),
    ],
)
def test_reasons_are_told_on_one_line(error, reason):
    with pytest.raises(UserError) as told, atomic.as_user_errors("a", "make room there"):
        raise error
    sentence = f"Expected to write to a, but that failed ({reason}): make room there."
    assert str(told.value) == sentence


def test_what_a_killed_process_left_is_no_data(tmp_path):
    made = made_shards.write(tmp_path / "s", "val", [made_shards.numbered_example(0)])
    folder = tmp_path / "s"
    before = shard_index.find_shards(made, "val"), manifests.read_all(made)
    for name in ("val-00001-of-00002.tfrecord", "manifest-train.json", "train-00000-of-1.tfrecord"):
        (folder / f"{name}{atomic.PARTIAL}").write_bytes(b"half")
    assert (shard_index.find_shards(made, "val"), manifests.read_all(made)) == before
    atomic.write_png(tmp_path / "in.png", _PICTURE)
    (tmp_path / "b.png.partial").write_bytes(b"half")
    assert [name for _, name in input_files.find([str(tmp_path)], "out")] == ["in.png"]


def test_a_new_folder_is_taken_back_with_those_above_it(tmp_path):
    path = tmp_path / "a" / "b" / "c"
    with pytest.raises(UserError), atomic.new_folder(f"{path}/", "--out"):
        assert path.is_dir()
        raise UserError("No.")
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").mkdir()
    with pytest.raises(UserError), atomic.new_folder(str(path), "--out"):
        raise UserError("No.")
    assert [found.name for found in tmp_path.rglob("*")] == ["a"]
    with pytest.raises(UserError), atomic.new_folder(str(path), "--out"):
        (path / "kept").write_text("x")
        raise UserError("No.")
    assert (path / "kept").read_text() == "x"
    with atomic.new_folder(str(tmp_path / "d"), "--out"):
        pass
    assert (tmp_path / "d").is_dir()


def test_a_folder_is_checked_without_writing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    before = sorted(tmp_path.iterdir())
    for path in ("new", "new/deeper", ""):
        atomic.check_folder(str(tmp_path / path), "--out")
    for path in ("file", "file/deeper"):
        with refusals.refused(f"a folder at --out={tmp_path}", "found the file"):
            atomic.check_folder(str(tmp_path / path), "--out")
    # Root may write whatever a folder says.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with refusals.refused("a writable folder at --out=", f"nothing can be written in {tmp_path}"):
        atomic.check_folder(str(tmp_path / "new"), "--out")
    assert sorted(tmp_path.iterdir()) == before
