"""What is not whole has one owner, and goes when the owner has ended."""

import subprocess
import sys
import threading

import pytest
import tensorflow as tf

from deeplab_nas.files import atomic, partial_names


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def fresh(monkeypatch):
    """As a process that has not written anywhere yet."""
    monkeypatch.setattr(partial_names, "_SWEPT", set())


@pytest.fixture(scope="module")
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def of_process(path, number):
    """The name that a process of this machine makes for a path."""
    machine = partial_names.make(str(path)).split(".")[-2].split("-")[0]
    return path.with_name(f"{path.name}.{machine}-{number}-abcd0.partial")


def test_names_differ_and_lie_beside_the_path(tmp_path):
    made = {partial_names.make(f"{tmp_path}/a/labels.png") for _ in range(3)}
    assert len(made) == 3
    for name in made:
        assert name.startswith(f"{tmp_path}/a/labels.png.") and name.endswith(".partial")
    assert "/" not in partial_names.make("file")
    assert partial_names.make("gs://bucket/file").startswith("gs://bucket/file.")


def test_the_longest_names_are_written(tmp_path):
    for name in ("x" * 255, "ä" * 127):
        atomic.write_text(tmp_path / name, "new")
    assert len(names(tmp_path)) == 2


def test_what_a_killed_process_left_is_removed(fresh, tmp_path, dead):
    leftovers = [of_process(tmp_path / name, dead) for name in ("file", "other", "folder")]
    for path in leftovers[:2]:
        path.write_text("half")
    (leftovers[2] / "inner").mkdir(parents=True)
    partial_names._SWEPT.clear()
    atomic.write_text(tmp_path / "file", "new")
    assert names(tmp_path) == ["file"]


def test_what_may_be_in_use_stays(fresh, tmp_path, dead):
    alive = of_process(tmp_path / "file", 1)
    elsewhere = of_process(tmp_path / "file", dead)
    machine = elsewhere.name.split(".")[-2].split("-")[0]
    elsewhere = elsewhere.with_name(elsewhere.name.replace(machine, "01234567"))
    shard = tmp_path / "train-00000-of-00001.tfrecord.partial"
    for path in (alive, elsewhere, shard):
        path.write_text("half")
    partial_names._SWEPT.clear()
    atomic.write_text(tmp_path / "file", "new")
    assert names(tmp_path) == sorted(["file", alive.name, elsewhere.name, shard.name])


def test_threads_that_write_one_path_leave_one_whole_file(fresh, tmp_path):
    texts = [str(number) * 1000 for number in range(8)]

    def write(text):
        for _ in range(20):
            atomic.write_text(tmp_path / "file", text)

    threads = [threading.Thread(target=write, args=[text]) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "file").read_text() in texts
    assert names(tmp_path) == ["file"]


def test_the_later_of_two_writers_is_whole(fresh, tmp_path, monkeypatch):
    """The other one writes the same path between the first one's writing and its renaming."""
    rename = tf.io.gfile.rename

    def interrupted(*args, **kwargs):
        monkeypatch.setattr(tf.io.gfile, "rename", rename)
        atomic.write_text(tmp_path / "file", "other")
        assert (tmp_path / "file").read_text() == "other"
        rename(*args, **kwargs)

    monkeypatch.setattr(tf.io.gfile, "rename", interrupted)
    atomic.write_text(tmp_path / "file", "first")
    assert (tmp_path / "file").read_text() == "first"
    assert names(tmp_path) == ["file"]
