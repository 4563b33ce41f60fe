"""The program `deeplab_nas.search`: each mistake is one sentence and exit code 1."""

import os

import pytest

from tests import programs, refusals
from tests.data import made_shards

_SMALL = (
    "--num_layers=1",
    "--num_blocks=1",
    "--filter_multiplier=2",
    "--train_crop_size=17,17",
    "--epochs=1",
    "--architecture_start_epoch=0",
    "--architecture_learning_rate=9",
)


def search(folder, run_directory, *arguments):
    """Runs the program on `shapes` shards in `folder`, with `arguments` in the place of its own."""
    data = ("--dataset=shapes", f"--dataset_dir={folder}", "--train_split=train", "--val_split=val")
    given = (*data, f"--train_logdir={run_directory}", *_SMALL)
    return programs.run("deeplab_nas.search", *programs.with_others(given, *arguments))


def assert_refused(result, *expected):
    refusals.assert_program_refused(result, *expected)
    # The lines before it, if any, say which devices were found and what is kept for the gradient.
    assert result.stderr.count("\n") <= 3, result.stderr


def test_searches_and_says_what_it_found(shards, tmp_path):
    result = search(shards, tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert "path (output strides)" in result.stdout
    assert str(tmp_path / "run" / "architecture.json") in result.stdout
    again = search(shards, tmp_path / "run", "--seed=5")
    assert_refused(again, "--seed is 1 there and 5 here", "another --train_logdir")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--dataset_dir=absent/folder"], ["absent/folder"]),
        (["--val_split=other"], ["other", "train"]),
        (["--train_crop_size=400,17"], ["--train_crop_size", "40,60", "400,17"]),
        (["--train_batch_size=5"], ["--train_batch_size", "4", "5"]),
        (["--strategy=tpu", "--tpu=local"], ["--strategy=tpu", "TPU"]),
        (["--epochs=none"], ["epochs", "none"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_wrong_flag_is_refused_in_one_sentence(shards, tmp_path, arguments, expected):
    result = search(shards, tmp_path / "run", *arguments)
    assert_refused(result, *expected)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_label_id_out_of_range_is_refused_with_file_and_id(shards, tmp_path):
    image, label = made_shards.numbered_example(0)
    label = label.copy()
    label[2, 3] = 200
    folder = tmp_path / "shards"
    made_shards.write(folder, "train", [(image, label)] * 4)
    made_shards.write(folder, "val", [made_shards.numbered_example(0)])
    assert_refused(search(folder, tmp_path / "run"), "found 200", "picture")


def test_an_unwritable_run_directory_is_refused(shards, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    result = search(shards, tmp_path / "file" / "run")
    assert_refused(result, str(tmp_path / "file" / "run"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_run_directory_is_refused(shards, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert_refused(search(shards, tmp_path / "locked" / "run"), "writable")
