"""The programs `train`, `evaluate` and `predict`, and their mistakes in a sentence."""

import json

import PIL.Image
import pytest

from tests import programs, refusals, trained_runs
from tests.data import made_shards


def program(name, *arguments):
    return programs.run(f"deeplab_nas.{name}", *arguments)


def test_the_chain(shards, tmp_path):
    trained_runs.ARCHITECTURE.save(tmp_path / "found.json")
    trained = program(
        *("train", "--dataset=shapes", f"--dataset_dir={shards}", "--train_split=train"),
        *("--val_split=val", "--train_crop_size=17", "--train_batch_size=2"),
        *(f"--architecture={tmp_path}/found.json", "--filter_multiplier=2"),
        *("--training_number_of_steps=2", "--batch_norm_decay=0.5"),
        f"--train_logdir={tmp_path}/run",
    )
    assert trained.returncode == 0, trained.stderr
    assert "best weights" in trained.stdout
    evaluated = program("evaluate", f"--checkpoint={tmp_path}/run", "--add_flipped_images")
    assert evaluated.returncode == 0, evaluated.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert f"{metrics['miou']:.4f}" in evaluated.stdout
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    PIL.Image.fromarray(made_shards.numbered_example(0)[0]).save(good)
    bad.write_text("no image")
    predicted = program(
        *("predict", f"--checkpoint={tmp_path}/run", f"--output_dir={tmp_path}/out"),
        *(f"--input={good}", f"--input={bad}"),
    )
    refusals.assert_program_refused(predicted, "1 of 2")
    assert "bad.png" in predicted.stderr
    assert "1 label maps" in predicted.stdout
    assert (tmp_path / "out" / "labels" / "good.png").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--train_crop_size=400"], ["--train_crop_size", "40,60", "400,400"]),
        (["--initial_checkpoint=absent/run"], ["absent/run"]),
    ],
    ids=lambda value: value[0],
)
def test_a_wrong_flag_of_train_is_refused(shards, tmp_path, arguments, expected):
    trained_runs.ARCHITECTURE.save(tmp_path / "found.json")
    given = (
        *("--dataset=shapes", f"--dataset_dir={shards}", "--train_split=train", "--val_split=val"),
        *("--train_crop_size=17", "--train_batch_size=2", "--filter_multiplier=2"),
        *(f"--architecture={tmp_path}/found.json", f"--train_logdir={tmp_path}/run"),
    )
    result = program("train", *programs.with_others(given, *arguments))
    refusals.assert_program_refused(result, *expected)


@pytest.mark.parametrize("name", ["evaluate", "predict"])
def test_a_missing_checkpoint_is_refused(name, tmp_path):
    needed = [f"--input={tmp_path}", f"--output_dir={tmp_path}/out"] if name == "predict" else []
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    result = program(name, f"--checkpoint={tmp_path}/absent", *needed)
    refusals.assert_program_refused(result, f"{tmp_path}/absent", "--train_logdir")
