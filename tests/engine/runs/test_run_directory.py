"""A run's folder: whole files, and one run a folder."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys

import pytest

from deeplab_nas import settings
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from deeplab_nas.supernet.supernet_config import SupernetConfig


def _settings(**changes):
    return SearchConfig(**{"train_logdir": "runs/a", **changes})


def claim(run, settings):
    """What one start after the other does."""
    with contextlib.closing(run):
        return run.claim(settings)


@pytest.fixture
def run(tmp_path):
    made = RunDirectory(str(tmp_path / "runs" / "a"))
    made.create()
    return made


def test_folders_exist_and_nothing_else(run, tmp_path):
    RunDirectory(str(tmp_path / "runs" / "b"))
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["a"]
    found = sorted(path.name for path in (tmp_path / "runs" / "a").iterdir())
    assert found == ["checkpoints", "events"]
    assert run.architecture_epoch_path(7).endswith("runs/a/architectures/epoch_007.json")


@pytest.mark.parametrize("below", ["", "/run"])
def test_a_file_in_the_way_is_told(tmp_path, below):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="--train_logdir"):
        RunDirectory(str(tmp_path / "file") + below).create()


def test_the_first_start_writes_settings_and_versions(run):
    assert claim(run, _settings()) is False
    with open(run.flags_path, encoding="utf-8") as file:
        record = json.load(file)
    assert record["config"]["train_crop_size"] == [321, 321]
    assert record["config"]["num_layers"] == 12
    assert "data" not in record["config"]
    assert {"python", "tensorflow", "keras"} <= set(record["versions"])


def test_the_same_settings_go_on(run):
    claim(run, _settings())
    assert claim(run, _settings()) is True


def test_a_run_from_before_there_was_a_setting_has_its_default(run):
    claim(run, _settings())
    with open(run.flags_path, encoding="utf-8") as file:
        record = json.load(file)
    del record["config"]["operations"]
    with open(run.flags_path, "w", encoding="utf-8") as file:
        json.dump(record, file)
    assert claim(run, _settings()) is True
    with pytest.raises(UserError, match="--operations is separable_3x3_2,.* there and skip here"):
        claim(run, _settings(supernet=SupernetConfig(operations=("skip",))))


def test_free_settings_may_change(run):
    claim(run, _settings())
    free = {
        **{"train_logdir": "elsewhere", "strategy": "gpu", "num_gpus": 2, "tpu": "local"},
        **{"log_steps": 3, "keep_checkpoints": 9, "save_interval_secs": 60.0},
        "data": DataConfig(dataset_dir="moved"),
    }
    free |= {"skip_bad_records": 2, "debug_numerics": True}
    free |= {"recompute": "always", "activation_memory_gib": 2.0}
    free |= {"logical_cpus": 4, "steps_per_loop": 50, "xla": True}
    free |= {"threads": 2}
    assert settings.free_names(SearchConfig) == {*free, "dataset_dir"} - {"data"}
    assert claim(run, _settings(**free)) is True


def test_other_settings_are_refused_one_by_one(run):
    claim(run, _settings())
    with pytest.raises(UserError) as error:
        claim(
            run,
            _settings(
                epochs=41,
                supernet=SupernetConfig(num_layers=4),
                data=DataConfig(train_crop_size=(65, 97)),
            ),
        )
    message = str(error.value)
    assert "--epochs is 40 there and 41 here" in message
    assert "--num_layers is 12 there and 4 here" in message
    assert "--train_crop_size is 321,321 there and 65,97 here" in message
    assert "--seed" not in message
    assert "another --train_logdir" in message


_CLAIM = """
import sys
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.runs.run_directory import RunDirectory
RunDirectory(sys.argv[1]).claim(SearchConfig("runs/a"))
"""


def test_a_folder_in_use_is_refused_until_its_program_ends(run):
    run.claim(_settings())
    command = [sys.executable, "-c", _CLAIM, run.path]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "to be used by one program at a time, found it in use by process" in refused.stderr
    assert str(os.getpid()) in refused.stderr
    with pytest.raises(UserError, match="one program at a time"):
        RunDirectory(run.path).claim(_settings())
    run.close()
    assert subprocess.run(command, check=False).returncode == 0
    assert claim(run, _settings()) is True


def test_other_workers_compare_without_a_lock_and_write_nothing(run):
    worker = RunDirectory(run.path)
    before = sorted(pathlib.Path(run.path).rglob("*"))
    with pytest.raises(UserError, match="a folder that all workers share, found there no flags"):
        worker.claim(_settings(), chief=False)
    assert sorted(pathlib.Path(run.path).rglob("*")) == before
    run.claim(_settings())
    assert worker.claim(_settings(), chief=False) is False
    with pytest.raises(UserError, match="--seed is 1 there and 2 here"):
        worker.claim(_settings(seed=2), chief=False)


def test_a_setting_of_after_the_runs_begin_had_its_default(run):
    claim(run, _settings())
    with open(run.flags_path, encoding="utf-8") as file:
        record = json.load(file)
    del record["config"]["seed"]
    atomic.write_text(run.flags_path, json.dumps(record))
    assert claim(run, _settings()) is True
    with pytest.raises(UserError, match="--seed is 1 there and 3 here"):
        claim(run, _settings(seed=3))


def test_a_setting_that_is_no_more_is_a_difference(run):
    claim(run, _settings())
    with open(run.flags_path, encoding="utf-8") as file:
        record = json.load(file)
    record["config"]["depth"] = 3
    atomic.write_text(run.flags_path, json.dumps(record))
    with pytest.raises(UserError, match="--depth is 3 there and absent here"):
        claim(run, _settings())


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '{"config": 3}', "{}", '{"config": {}, "other": 1}', "[" * 5000),
        *('{"config": {"a": {}}}', '{"config": {"a": [[1]]}}', '{"config": {"a": NaN}}'),
        '{"config": {"a": 1, "a": 2}}',
    ],
)
def test_foreign_flags_json_is_told(run, text):
    atomic.write_text(run.flags_path, text)
    with pytest.raises(UserError, match="flags.json"):
        claim(run, _settings())


def test_checkpoints_without_settings_are_refused(run, tmp_path):
    (tmp_path / "runs" / "a" / "checkpoints" / "ckpt-1.index").write_text("")
    with pytest.raises(UserError, match="checkpoints"):
        claim(run, _settings())


def test_settings_come_back_as_they_were(run):
    config = {"save_interval_secs": float("inf"), "sizes": [1, 2.5, "a", None, True], "tpu": ""}
    atomic.write_text(run.flags_path, json.dumps({"config": config}))
    assert run.settings() == config


@pytest.mark.parametrize("damage", [b"\xff", b" " * 2**20])
def test_flags_json_of_no_text_or_no_end_is_told(run, damage):
    atomic.write_bytes(run.flags_path, b'{"config": {}}' + damage)
    with pytest.raises(UserError, match="flags.json.*: restore the file or name another"):
        run.settings()
