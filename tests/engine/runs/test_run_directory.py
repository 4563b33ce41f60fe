"""A run's folder: where its files lie, and the settings that are read from it."""

import json
import math

import pytest

from deeplab_nas import settings
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from tests import refusals


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
        run.settings()


def test_settings_come_back_as_they_were(run):
    config = {"save_interval_secs": float("inf"), "sizes": [1, 2.5, "a", None, True], "tpu": ""}
    atomic.write_text(run.flags_path, json.dumps({"config": config}))
    assert run.settings() == config


@pytest.mark.parametrize("damage", [b"\xff", b" " * 2**20])
def test_flags_json_of_no_text_or_no_end_is_told(run, damage):
    atomic.write_bytes(run.flags_path, b'{"config": {}}' + damage)
    with pytest.raises(UserError, match="flags.json.*: restore the file or name another"):
        run.settings()


def _written(run, **changes):
    config = {**settings.record(TrainConfig("runs/a")), **changes}
    atomic.write_text(run.flags_path, json.dumps({"config": config}))


def test_the_configuration_comes_back_and_what_it_lacks_has_its_default(run):
    data = DataConfig(dataset="camvid", dataset_dir="camvid")
    config = TrainConfig("runs/a", data=data, moving_average_decay=0.5)
    recorded = {**settings.record(config), "save_interval_secs": math.inf, "threads": 9}
    del recorded["val_split"]
    atomic.write_text(run.flags_path, json.dumps({"config": {**recorded, "removed": 3}}))
    found = run.checked_settings(TrainConfig)
    assert {**settings.record(found), "train_logdir": "runs/a"} == settings.record(config)
    assert found.train_logdir == run.path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("filter_multiplier", value) for value in ("x", 2.5, None, True, [20], 0, 10_000_000)),
        *(
            ("train_crop_size", value)
            for value in (513, [513], [513.0, 513.0], [0, 9], [10**9] * 2)
        ),
        *(("atrous_rates", value) for value in ("12", [1.5], [None], [10**9], [6] * 1000)),
        *(("use_decoder", value) for value in (1, "true", None)),
        *(("dataset", value) for value in ("", 3, None, "other\nline")),
        *(("val_split", value) for value in (3, None, [])),
        *(("mixed_precision", value) for value in ("float8", None)),
        *(("image_pooling_crop_size", value) for value in ([1], [2, "x"], [10**12] * 2)),
        *(("base_learning_rate", value) for value in (float("inf"), "0.1", -1)),
        ("dataset", "x" * 500_000),
    ],
)
def test_an_impossible_setting_is_told_in_a_line(run, name, value):
    _written(run, **{name: value})
    with refusals.refused(f"In {run.flags_path}: Expected ", f"--{name}", "restore") as error:
        run.checked_settings(TrainConfig)
    assert len(str(error.value)) < 2000
