"""A version directory is there whole or not at all."""

import pathlib

import pytest
import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.serving import version_directory


def write(export_dir, version=0, text="model"):
    with version_directory.new(str(export_dir), version) as made:
        (pathlib.Path(made.folder) / "saved_model.pb").write_text(text)
    return pathlib.Path(made.path)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_versions_count_up(tmp_path):
    export_dir = tmp_path / "a" / "network"
    assert [write(export_dir).name for _ in range(2)] == ["1", "2"]
    assert write(export_dir, 40).name == "40"
    (export_dir / "canary").mkdir()
    (export_dir / "0070").mkdir()
    assert write(export_dir).name == "41"
    assert (export_dir / "41" / "saved_model.pb").read_text() == "model"


def test_a_version_that_is_there_stays(tmp_path):
    write(tmp_path, 3, "old")
    with pytest.raises(UserError, match="--export_version=3 to be free"):
        write(tmp_path, 3, "new")
    assert (tmp_path / "3" / "saved_model.pb").read_text() == "old"
    assert names(tmp_path) == ["3"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_an_interrupted_export_leaves_nothing(tmp_path, error):
    with pytest.raises(error), version_directory.new(str(tmp_path)) as made:
        (pathlib.Path(made.folder) / "saved_model.pb").write_text("half")
        raise error
    assert names(tmp_path) == []


def test_two_exports_at_once_are_two_versions(tmp_path):
    with version_directory.new(str(tmp_path)) as first:
        (pathlib.Path(first.folder) / "saved_model.pb").write_text("first")
        assert write(tmp_path, text="second").name == "1"
    assert first.path == f"{tmp_path}/2"
    for name, text in (("1", "second"), ("2", "first")):
        assert (tmp_path / name / "saved_model.pb").read_text() == text
    assert names(tmp_path) == ["1", "2"]


def test_two_exports_of_one_version_at_once_leave_the_one_that_was_there(tmp_path):
    refused = pytest.raises(UserError, match="--export_version=3 to be free")
    with refused, version_directory.new(str(tmp_path), 3):
        write(tmp_path, 3, "second")
    assert (tmp_path / "3" / "saved_model.pb").read_text() == "second"
    assert names(tmp_path) == ["3"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        tf.errors.ResourceExhaustedError(None, None, "No space left on device"),
    ],
)
def test_a_full_disk_is_told(tmp_path, error):
    reason = pytest.raises(UserError, match="No space left on device.*make room")
    with (
        reason,
        version_directory.new(str(tmp_path)) as made,
        version_directory.writing(str(tmp_path)),
    ):
        (pathlib.Path(made.folder) / "saved_model.pb").write_text("half")
        raise error
    assert names(tmp_path) == []


def test_what_cannot_be_read_is_not_told_as_written(tmp_path, monkeypatch):
    with (
        pytest.raises(tf.errors.NotFoundError, match="a shard"),
        version_directory.new(str(tmp_path)),
    ):
        raise tf.errors.NotFoundError(None, None, "a shard")
    assert names(tmp_path) == []

    def refused(_):
        raise tf.errors.PermissionDeniedError(None, None, "Permission denied")

    monkeypatch.setattr(tf.io.gfile, "listdir", refused)
    sentence = "Expected to read which versions .*--export_dir=.*Permission denied.*who may read"
    with pytest.raises(UserError, match=sentence):
        write(tmp_path)


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--export_dir"):
        write(tmp_path / "file")


def test_a_refusal_takes_back_the_folders_that_it_made(tmp_path):
    export_dir = tmp_path / "a" / "network"
    with pytest.raises(UserError), version_directory.new(str(export_dir)):
        raise UserError("No.")
    assert names(tmp_path) == []
    write(export_dir, 3)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--export_version=3 to be free"):
        write(export_dir, 3)
    assert names(export_dir) == ["3"]
    with pytest.raises(UserError, match="--export_dir="):
        write(tmp_path / "file")
    assert names(tmp_path) == ["a", "file"]
