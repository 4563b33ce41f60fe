"""The program `export` from outside."""

import pathlib
import subprocess
import sys

_ROOT = pathlib.Path(__file__).parents[1]


def export(*arguments):
    command = [sys.executable, "-m", "deeplab_nas.export", *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)


def test_two_exports_are_two_versions(finished_training, tmp_path):
    config, _ = finished_training
    arguments = (f"--checkpoint={config.train_logdir}", f"--export_dir={tmp_path}/network")
    for version in ("1", "2"):
        result = export(*arguments)
        assert result.returncode == 0, result.stderr
        assert result.stdout.strip() == f"{tmp_path}/network/{version}"
    assert sorted(path.name for path in (tmp_path / "network").iterdir()) == ["1", "2"]


def test_a_missing_checkpoint_is_refused(tmp_path):
    result = export(f"--checkpoint={tmp_path}/absent", f"--export_dir={tmp_path}/network")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert f"{tmp_path}/absent" in result.stderr.splitlines()[-1]
    assert not (tmp_path / "network").exists()
