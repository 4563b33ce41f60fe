"""A run's folder: whole files, and one run a folder."""

import dataclasses
import json

import numpy as np
import PIL.Image
import pytest

from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine import run_directory
from deeplab_nas.engine.run_directory import RunDirectory
from deeplab_nas.engine.search_config import SearchConfig
from deeplab_nas.errors import UserError
from deeplab_nas.supernet.supernet_config import SupernetConfig


def _settings(**changes):
    return dataclasses.asdict(SearchConfig(**{"train_logdir": "runs/a", **changes}))


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


def test_files_are_written_whole(run, tmp_path):
    path = tmp_path / "runs" / "a" / "architecture.json"
    run_directory.write_text(run.architecture_path, "first, and longer")
    run_directory.write_text(run.architecture_path, "zweite ä")
    assert path.read_text(encoding="utf-8") == "zweite ä"
    picture = PIL.Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    run_directory.write_png(run.picture_path, picture)
    assert list(PIL.Image.open(run.picture_path).tobytes()) == list(range(48))
    assert not list(path.parent.glob("*.partial"))


def test_the_first_start_writes_settings_and_versions(run):
    assert run.claim(_settings()) is False
    with open(run.flags_path, encoding="utf-8") as file:
        record = json.load(file)
    assert record["config"]["train_crop_size"] == [321, 321]
    assert record["config"]["num_layers"] == 12
    assert "data" not in record["config"]
    assert {"python", "tensorflow", "keras"} <= set(record["versions"])


def test_the_same_settings_go_on(run):
    run.claim(_settings())
    assert run.claim(_settings()) is True


def test_free_settings_may_change(run):
    run.claim(_settings())
    free = {
        **{"train_logdir": "elsewhere", "strategy": "gpu", "num_gpus": 2, "tpu": "local"},
        **{"log_steps": 3, "keep_checkpoints": 9, "save_interval_secs": 60.0},
        "data": DataConfig(dataset_dir="moved"),
    }
    of_training = {"steps_per_call"}
    assert set(run_directory.FREE_SETTINGS) - of_training == {*free, "dataset_dir"} - {"data"}
    assert run.claim(_settings(**free)) is True


def test_other_settings_are_refused_one_by_one(run):
    run.claim(_settings())
    with pytest.raises(UserError) as error:
        run.claim(
            _settings(
                epochs=41,
                supernet=SupernetConfig(num_layers=4),
                data=DataConfig(train_crop_size=(65, 97)),
            )
        )
    message = str(error.value)
    assert "--epochs is 40 there and 41 here" in message
    assert "--num_layers is 12 there and 4 here" in message
    assert "--train_crop_size is 321,321 there and 65,97 here" in message
    assert "--seed" not in message
    assert "another --train_logdir" in message


def test_a_setting_that_one_side_lacks_is_a_difference(run):
    run.claim({"epochs": 1})
    with pytest.raises(UserError, match="--seed is absent there and 3 here"):
        run.claim({"epochs": 1, "seed": 3})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"config": 3}'])
def test_foreign_flags_json_is_told(run, text):
    run_directory.write_text(run.flags_path, text)
    with pytest.raises(UserError, match="flags.json"):
        run.claim(_settings())


def test_checkpoints_without_settings_are_refused(run, tmp_path):
    (tmp_path / "runs" / "a" / "checkpoints" / "ckpt-1.index").write_text("")
    with pytest.raises(UserError, match="checkpoints"):
        run.claim(_settings())
