"""One run a folder: what is compared, and that nothing is written before that."""

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
from deeplab_nas.engine.runs.run_claim import RunClaim
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests import refusals


def _settings(**changes):
    return SearchConfig(**{"train_logdir": "runs/a", **changes})


def claim(run, settings, data=None):
    """What one start after the other does; returns whether it resumes."""
    made = RunClaim(run, settings, data=data)
    with contextlib.closing(made):
        made.begin()
    return made.resumes


def reach(run):
    """Writes what a run has reached."""
    pathlib.Path(run.checkpoints, "ckpt-3.index").write_text("")


def contents(run):
    """Everything in the folder, but for the lock, with what is in it."""
    paths = (path for path in pathlib.Path(run.path).rglob("*") if path.name != ".lock")
    return {path: path.is_dir() or path.read_bytes() for path in paths}


@pytest.fixture
def run(tmp_path):
    return RunDirectory(str(tmp_path / "runs" / "a"))


@pytest.fixture
def begun(run):
    """A run directory that a run has reached something in."""
    claim(run, _settings())
    reach(run)
    return run


_CLAIM = """
import sys
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.runs.run_claim import RunClaim
from deeplab_nas.engine.runs.run_directory import RunDirectory
RunClaim(RunDirectory(sys.argv[1]), SearchConfig("runs/a")).begin()
"""


@pytest.mark.slow
def test_a_folder_in_use_is_refused_until_its_program_ends(begun):
    holding = RunClaim(begun, _settings())
    before = contents(begun)
    command = [sys.executable, "-c", _CLAIM, begun.path]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "to be used by one program at a time, found it in use by process" in refused.stderr
    assert str(os.getpid()) in refused.stderr
    with pytest.raises(UserError, match="one program at a time"):
        RunClaim(begun, _settings())
    assert contents(begun) == before
    holding.close()
    assert subprocess.run(command, check=False).returncode == 0
    assert claim(begun, _settings()) is True


def test_of_two_that_begin_at_once_one_is_refused(run):
    first, second, third = (RunClaim(run, _settings()) for _ in range(3))
    first.begin()
    with pytest.raises(UserError, match="one program at a time, found it in use"):
        second.begin()
    first.close()
    before = contents(run)
    with contextlib.closing(third), pytest.raises(UserError, match="another one has begun there"):
        third.begin()
    assert contents(run) == before


def test_other_workers_compare_without_a_lock_and_write_nothing(run):
    worker = RunClaim(run, _settings(), chief=False)
    assert not os.path.exists(run.path)
    with pytest.raises(UserError, match="a folder that all workers share, found there no flags"):
        worker.begin()
    chief = RunClaim(run, _settings())
    chief.begin()
    before = contents(run)
    worker.begin()
    with pytest.raises(UserError, match="--seed is 1 there and 2 here"):
        RunClaim(run, _settings(seed=2), chief=False).begin()
    chief.close()
    reach(run)
    with pytest.raises(UserError, match="--seed is 1 there and 2 here"):
        RunClaim(run, _settings(seed=2), chief=False)
    assert {**before, **contents(run)} == {**contents(run), **before}


def test_the_first_start_writes_settings_and_versions(run):
    assert claim(run, _settings()) is False
    with open(run.flags_path, encoding="utf-8") as file:
        record = json.load(file)
    assert record["config"]["train_crop_size"] == [321, 321]
    assert record["config"]["num_layers"] == 12
    assert "data" not in record["config"]
    assert {"python", "tensorflow", "keras"} <= set(record["versions"])


def test_the_same_settings_go_on(begun):
    assert claim(begun, _settings()) is True


def test_a_run_from_before_there_was_a_setting_has_its_default(begun):
    with open(begun.flags_path, encoding="utf-8") as file:
        record = json.load(file)
    del record["config"]["operations"]
    with open(begun.flags_path, "w", encoding="utf-8") as file:
        json.dump(record, file)
    assert claim(begun, _settings()) is True
    with pytest.raises(UserError, match="--operations is separable_3x3_2,.* there and skip here"):
        claim(begun, _settings(supernet=SupernetConfig(operations=("skip",))))


def test_free_settings_may_change(begun):
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
    assert claim(begun, _settings(**free)) is True


def test_other_settings_are_refused_one_by_one(begun):
    with pytest.raises(UserError) as error:
        claim(
            begun,
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


def test_a_setting_of_after_the_runs_begin_had_its_default(begun):
    with open(begun.flags_path, encoding="utf-8") as file:
        record = json.load(file)
    del record["config"]["seed"]
    atomic.write_text(begun.flags_path, json.dumps(record))
    assert claim(begun, _settings()) is True
    with pytest.raises(UserError, match="--seed is 1 there and 3 here"):
        claim(begun, _settings(seed=3))


def test_a_setting_that_is_no_more_is_a_difference(begun):
    with open(begun.flags_path, encoding="utf-8") as file:
        record = json.load(file)
    record["config"]["depth"] = 3
    atomic.write_text(begun.flags_path, json.dumps(record))
    with pytest.raises(UserError, match="--depth is 3 there and absent here"):
        claim(begun, _settings())


_DATA = {
    "train": {"split": "train", "examples": 9, "digest": "a" * 64},
    "val": {"split": "val", "examples": 3, "digest": "b" * 64},
    "class_names": ["ground", "thing"],
    "ignore_label": 255,
    "label_weights": [1.0, 0.1 + 0.2],
    "initial_checkpoint": {"prefix": "runs/b/best/ckpt-3", "digest": "c" * 64},
}


def _changed(key, value):
    old = _DATA[key]
    return {**_DATA, key: {**old, **value} if isinstance(old, dict) else value}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (_changed("train", {"examples": 8}), "the training split has 9 examples there and 8 here"),
        (_changed("train", {"digest": "d" * 64}), "the training split has other contents here"),
        (_changed("val", {"digest": "d" * 64}), "the validation split has other contents here"),
        (_changed("class_names", ["ground"]), "has 2 classes there and 1 here"),
        (_changed("class_names", ["ground", "car"]), "class 1 is called 'thing' there and 'car'"),
        (_changed("ignore_label", 0), "the ignore label is 255 there and 0 here"),
        (_changed("label_weights", [1.0, 0.3]), "the classes have other weights in the loss"),
        (_changed("initial_checkpoint", {"digest": "d" * 64}), "weights in runs/b/best/ckpt-3 are"),
    ],
)
def test_other_data_is_refused_and_nothing_written(run, data, told):
    claim(run, _settings(), _DATA)
    reach(run)
    before = contents(run)
    with refusals.refused(
        "begun with other data: ", told, "Give the old data, in any --dataset_dir"
    ):
        RunClaim(run, _settings(), data=data)
    assert contents(run) == before
    with refusals.refused("begun with other flags and data: --seed", told):
        RunClaim(run, _settings(seed=7), data=data)
    assert contents(run) == before
    assert claim(run, _settings(), _DATA) is True


def test_data_that_is_called_or_lies_elsewhere_is_the_same(run, capsys):
    claim(run, _settings(), _DATA)
    reach(run)
    assert claim(run, _settings(), _changed("train", {"split": "train_fine"})) is True
    # The weights that it began with are not needed any more.
    gone = {key: value for key, value in _DATA.items() if key != "initial_checkpoint"}
    assert claim(run, _settings(), gone) is True
    assert not capsys.readouterr().err
    newer = {"prefix": "runs/b/best/ckpt-9", "digest": "d" * 64}
    assert claim(run, _settings(), _changed("initial_checkpoint", newer)) is True
    assert "began with the weights of runs/b/best/ckpt-3 and keeps" in capsys.readouterr().err


def test_a_run_from_before_data_were_recorded_has_its_classes(begun):
    assert claim(begun, _settings(), _DATA) is True
    described = {"class_names": ["ground", "sky"], "ignore_label": 255, "num_classes": 2}
    atomic.write_json(begun.dataset_path, described)
    with refusals.refused("class 1 is called 'sky' there and 'thing' here"):
        RunClaim(begun, _settings(), data=_DATA)
    assert json.loads(pathlib.Path(begun.dataset_path).read_text()) == described


@pytest.mark.parametrize("value", [3, [], "x", None])
@pytest.mark.parametrize("key", ["", *_DATA, "examples", "digest"])
def test_damaged_data_is_told(begun, key, value):
    record = json.loads(pathlib.Path(begun.flags_path).read_text())
    damaged = {**_DATA, key: value}
    if key in ("examples", "digest"):
        damaged = _changed("train", {key: value})
    record["data"] = damaged if key else value
    atomic.write_json(begun.flags_path, record)
    before = contents(begun)
    # None stands for no weights, and some of the values are right.
    fine = (("label_weights", None), ("label_weights", []), ("ignore_label", 3), ("examples", 3))
    if (key, value) not in fine:
        with refusals.refused():
            RunClaim(begun, _settings(), data=_DATA)
    assert contents(begun) == before


@pytest.mark.parametrize("reached", [None, "checkpoint", "best", "evaluation", "picture"])
def test_a_run_that_reached_nothing_may_begin_anew(run, capsys, reached):
    claim(run, _settings(), _DATA)
    lines = [{"kind": "interval", "step": 10}, {"kind": "bad_record", "step": 0}]
    if reached == "evaluation":
        lines.append({"kind": "evaluation", "step": 10})
    path = pathlib.Path(run.history_path)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    atomic.write_json(run.bad_records_path, {"8": "It is bad."})
    if reached == "picture":
        pathlib.Path(run.picture_path).write_bytes(b"")
    if reached in ("checkpoint", "best"):
        folder = pathlib.Path(run.checkpoints if reached == "checkpoint" else run.best)
        folder.mkdir(exist_ok=True)
        (folder / "ckpt-10.index").write_text("")
    before = contents(run)
    if reached:
        with refusals.refused("--seed is 1 there and 2 here"):
            claim(run, _settings(seed=2), _DATA)
        assert contents(run) == before
        return
    looking = RunClaim(run, _settings(seed=2), data=_changed("ignore_label", 0))
    looking.close()
    assert contents(run) == before
    assert claim(run, _settings(seed=2), _changed("ignore_label", 0)) is False
    assert "beginning anew" in capsys.readouterr().err
    assert not os.path.exists(run.history_path) and not os.path.exists(run.bad_records_path)
    assert run.settings()["seed"] == 2
    assert claim(run, _settings(seed=2), _changed("ignore_label", 0)) is True


def test_looking_makes_no_folder_and_no_lock(run, tmp_path):
    RunClaim(run, _settings()).close()
    assert not list(tmp_path.iterdir())
    pathlib.Path(run.path).mkdir(parents=True)
    RunClaim(run, _settings()).close()
    assert not list(pathlib.Path(run.path).iterdir())


@pytest.mark.parametrize("below", ["", "/run", "/run/deeper"])
def test_a_file_in_the_way_is_told_first(tmp_path, below):
    (tmp_path / "file").write_text("x")
    with refusals.refused("a folder at --train_logdir=", "found the file"):
        RunClaim(RunDirectory(str(tmp_path / "file") + below), _settings())


def test_a_recorded_true_is_not_one(begun):
    record = json.loads(pathlib.Path(begun.flags_path).read_text())
    record["config"]["seed"] = True
    atomic.write_json(begun.flags_path, record)
    with refusals.refused("--seed is True there and 1 here"):
        RunClaim(begun, _settings())
