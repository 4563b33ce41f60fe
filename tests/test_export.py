"""The program `export`."""

import subprocess
import sys
import time

import pytest

from tests import places, programs, refusals
from tests.faults import full_disk


def export(*arguments):
    return programs.run("deeplab_nas.export", *arguments)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_two_exports_are_two_versions(finished_training, tmp_path):
    config, _ = finished_training
    arguments = (f"--checkpoint={config.train_logdir}", f"--export_dir={tmp_path}/network")
    for version in ("1", "2"):
        result = export(*arguments)
        assert result.returncode == 0, result.stderr
        assert result.stdout.strip() == f"{tmp_path}/network/{version}"
    assert names(tmp_path / "network") == ["1", "2"]


def test_a_missing_checkpoint_is_refused(tmp_path):
    result = export(f"--checkpoint={tmp_path}/absent", f"--export_dir={tmp_path}/network")
    refusals.assert_program_refused(result, f"{tmp_path}/absent")
    assert not (tmp_path / "network").exists()


@pytest.mark.slow
def test_a_killed_export_leaves_no_version(finished_training, tmp_path):
    config, _ = finished_training
    arguments = (f"--checkpoint={config.train_logdir}", f"--export_dir={tmp_path}/network")
    command = [sys.executable, "-m", "deeplab_nas.export", *arguments]
    process = subprocess.Popen(command, cwd=places.ROOT, stderr=subprocess.DEVNULL)
    while not list((tmp_path / "network").glob("1.*.partial/variables")):
        assert process.poll() is None, "The export ended before it could be killed."
        time.sleep(0.01)
    process.kill()
    process.wait()
    (left,) = names(tmp_path / "network")
    assert left.endswith(".partial")
    assert export(*arguments).returncode == 0
    assert names(tmp_path / "network") == ["1"]


def test_a_full_disk_is_one_sentence(finished_training, tmp_path):
    config, _ = finished_training
    arguments = (f"--checkpoint={config.train_logdir}", f"--export_dir={tmp_path}/network")
    with full_disk.no_file_longer_than(2**16):
        result = export(*arguments)
    refusals.assert_program_refused(result, f"--export_dir={tmp_path}/network")
    assert not (tmp_path / "network").exists()
