"""A version directory is there whole or not at all."""

import pathlib

import pytest
import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.serving import version_directory


def write(export_dir, version=0, text="model"):
    with version_directory.new(str(export_dir), version) as (folder, path):
        (pathlib.Path(folder) / "saved_model.pb").write_text(text)
    return pathlib.Path(path)


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
    with pytest.raises(error), version_directory.new(str(tmp_path)) as (folder, _):
        (pathlib.Path(folder) / "saved_model.pb").write_text("half")
        raise error
    assert names(tmp_path) == []


def test_what_a_kill_left_is_no_version_and_is_replaced(tmp_path):
    (tmp_path / "1.partial").mkdir()
    (tmp_path / "1.partial" / "variables").write_text("half")
    assert names(write(tmp_path)) == ["saved_model.pb"]
    assert names(tmp_path) == ["1"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        tf.errors.ResourceExhaustedError(None, None, "No space left on device"),
    ],
)
def test_a_full_disk_is_told(tmp_path, error):
    reason = pytest.raises(UserError, match="No space left on device.*make room")
    with reason, version_directory.new(str(tmp_path)) as (folder, _):
        (pathlib.Path(folder) / "saved_model.pb").write_text("half")
        raise error
    assert names(tmp_path) == []


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
