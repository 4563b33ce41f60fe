"""A build that is killed, at any moment, ends where one that runs through ends."""

import subprocess
import sys
import time

import pytest

from tfrecords_tools import build_shapes


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def until(condition, process):
    while not condition():
        assert process.poll() is None, "The build ended before it could be killed."
        time.sleep(0.002)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    build_shapes.build(str(folder))
    return files(folder)


def kill_when(condition, folder):
    """Builds in a process of its own and kills it as soon as a condition holds."""
    command = [sys.executable, "-m", "tfrecords_tools.build_shapes", f"--output_dir={folder}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        until(condition, process)
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("num_whole", [0, 3])
def test_killed_and_started_again(tmp_path, whole, num_whole):
    folder = tmp_path / "shards"
    kill_when(
        lambda: (
            len(list(folder.glob("*.complete"))) >= num_whole and list(folder.glob("*.partial"))
        ),
        folder,
    )
    assert not list(folder.glob("*.tfrecord"))
    assert len(list(folder.glob("*.complete"))) >= num_whole
    dates = {path.stem: path.stat().st_mtime_ns for path in folder.glob("*.complete")}
    build_shapes.build(str(folder))
    for name, date in dates.items():
        assert (folder / name).stat().st_mtime_ns == date
    assert files(folder) == whole


@pytest.mark.slow
def test_killed_in_the_second_split(tmp_path, whole):
    folder = tmp_path / "shards"
    kill_when(lambda: list(folder.glob("val-*.partial")), folder)
    assert not list(folder.glob("val-*.tfrecord"))
    dates = {path.name: path.stat().st_mtime_ns for path in folder.glob("*train*")}
    assert {"manifest-train.json", "train-00003-of-00004.tfrecord"} <= dates.keys()
    build_shapes.build(str(folder))
    assert {name: (folder / name).stat().st_mtime_ns for name in dates} == dates
    assert files(folder) == whole
