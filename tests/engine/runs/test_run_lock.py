"""One program at a time has a run directory, and none that is dead."""

import errno
import os
import subprocess
import sys

import filelock
import pytest

from deeplab_nas.engine.runs.run_lock import RunLock
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from tests import refusals

_HOLD = """
import sys, time
from deeplab_nas.engine.runs.run_lock import RunLock
lock = RunLock(sys.argv[1])
print("taken", flush=True)
time.sleep(600)
"""


def refused(folder):
    """The sentence by which the lock is refused."""
    with pytest.raises(UserError, match="to be used by one program at a time") as error:
        RunLock(str(folder))
    return str(error.value)


def test_a_lock_is_taken_once(tmp_path):
    lock = RunLock(str(tmp_path))
    # Asking changes nothing.
    for _ in range(2):
        assert f"in use by process {os.getpid()}: wait for it" in refused(tmp_path)
    lock.close()
    RunLock(str(tmp_path)).close()


def test_a_killed_process_has_no_lock(tmp_path):
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "taken\n"
            assert f"in use by process {process.pid}: wait for it" in refused(tmp_path)
        finally:
            process.kill()
    RunLock(str(tmp_path)).close()


def test_an_earlier_version_of_the_program_counts(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / ".lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert "in use by another program: wait for it" in refused(tmp_path)
    lock = RunLock(str(tmp_path))
    with (tmp_path / ".lock").open("a+") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    lock.close()


def test_what_is_not_local_is_not_locked():
    RunLock("gs://bucket/run").close()


def test_a_folder_that_is_none_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Expected to write to .*file/.lock.*make room there"):
        RunLock(str(tmp_path / "file"))


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, number):
    """A lock of another kind, in place of the system's, would outlive a killed process."""
    fcntl = pytest.importorskip("fcntl")

    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    with refusals.refused("to lie on a file system with locks", os.strerror(number), "name"):
        RunLock(str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "Expected to write to"),
        (OSError(errno.EROFS, "Read-only file system"), "Expected to write to"),
    ],
)
def test_a_lock_that_cannot_be_had_is_told(tmp_path, monkeypatch, error, told):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", fail)
    with refusals.refused(told, "name"):
        RunLock(str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("before", [None, b"123\n"])
def test_it_leaves_the_folder_as_it_was(tmp_path, before):
    if before:
        (tmp_path / ".owner").write_bytes(before)
    lock = RunLock(str(tmp_path))
    assert (tmp_path / ".owner").read_text() == f"{os.getpid()}\n"
    lock.close()
    owner = tmp_path / ".owner"
    assert (owner.read_bytes() if owner.exists() else None) == before


def test_an_owner_that_cannot_be_written_lets_go_of_the_lock(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(atomic, "write_text", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            RunLock(str(tmp_path))
    RunLock(str(tmp_path)).close()
