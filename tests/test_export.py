"""The program `export`; in a process of its own where that is killed or limited."""

import subprocess
import sys
import time

import pytest

from tests import places, programs, refusals

_PROGRAM = (sys.executable, "-m", "deeplab_nas.export")


def export(*arguments):
    return programs.run("deeplab_nas.export", *arguments)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


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
    process = subprocess.Popen([*_PROGRAM, *arguments], cwd=places.ROOT, stderr=subprocess.DEVNULL)
    while not (tmp_path / "network" / "1.partial" / "variables").exists():
        assert process.poll() is None, "The export ended before it could be killed."
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert names(tmp_path / "network") == ["1.partial"]
    assert export(*arguments).returncode == 0
    assert names(tmp_path / "network") == ["1"]


@pytest.mark.slow
def test_a_full_disk_is_one_sentence(finished_training, tmp_path):
    config, _ = finished_training
    # A limit on the size of a file stops the writing of the variables as a full disk would.
    limit = ("bash", "-c", 'ulimit -f 64 && exec "$@"', "bash")
    arguments = (f"--checkpoint={config.train_logdir}", f"--export_dir={tmp_path}/network")
    result = subprocess.run(
        [*limit, *_PROGRAM, *arguments],
        cwd=places.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    refusals.assert_program_refused(result, f"--export_dir={tmp_path}/network")
    assert names(tmp_path / "network") == []
