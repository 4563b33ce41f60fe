"""A throw-away folder goes with its process, or with the next one of its kind."""

import subprocess
import sys
import tempfile

import pytest

from deeplab_nas.engine.runs import throw_away

_HOLD = """
import sys, tempfile, time
from deeplab_nas.engine.runs import throw_away
tempfile.tempdir = sys.argv[1]
with throw_away.folder() as path:
    print(path, flush=True)
    time.sleep(600)
"""


def test_the_folders_of_killed_processes_are_removed_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "deeplab_nas-worker-of somebody").mkdir()
    (tmp_path / "else").mkdir()
    before = sorted(tmp_path.iterdir())
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            other = tmp_path / process.stdout.readline().rstrip().split("/")[-1]
            assert other.is_dir()
            with throw_away.folder() as mine:
                assert sorted(tmp_path.iterdir()) == sorted([*before, other, tmp_path / mine])
        finally:
            process.kill()
    assert sorted(tmp_path.iterdir()) == sorted([*before, other])
    with pytest.raises(ZeroDivisionError), throw_away.folder():
        raise ZeroDivisionError
    assert sorted(tmp_path.iterdir()) == before
