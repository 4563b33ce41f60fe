"""One program at a time has a run directory, and none that is dead."""

import os
import subprocess
import sys

import pytest

from deeplab_nas.engine.runs.run_lock import RunLock
from deeplab_nas.errors import UserError

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
