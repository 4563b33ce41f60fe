"""A whole training, small: what it leaves, how it goes on, what it begins with and refuses."""

import dataclasses
import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.engine import train_loop
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.runs.loop import Loop
from deeplab_nas.errors import StoppedError, UserError
from tests import trained_runs
from tests.engine.runs import signals


def read_history(config):
    lines = pathlib.Path(config.train_logdir, "history.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def saved_values(config, step=6):
    reader = tf.train.load_checkpoint(f"{config.train_logdir}/checkpoints/ckpt-{step}")
    names = [n for n in reader.get_variable_to_shape_map() if n.endswith("VARIABLE_VALUE")]
    return {name: reader.get_tensor(name) for name in names if "save_counter" not in name}


def test_leaves_every_file_of_the_run_directory(finished_training):
    config, evaluations = finished_training
    run = pathlib.Path(config.train_logdir)
    settings = json.loads((run / "flags.json").read_text())["config"]
    assert settings["training_number_of_steps"] == 6
    assert "separable_3x3_1(H(l-1))" in settings["architecture"]
    assert nas_genotypes.load(run / "architecture.json") == trained_runs.ARCHITECTURE
    assert json.loads((run / "dataset.json").read_text())["num_classes"] == 6
    names = {path.name for path in (run / "checkpoints").glob("*.index")}
    assert names == {"ckpt-3.index", "ckpt-6.index"}
    best = max(evaluations, key=lambda record: record["miou"])
    assert [path.name for path in (run / "best").glob("*.index")] == [f"ckpt-{best['step']}.index"]
    assert not list(run.rglob("*.partial"))


def test_history_says_what_happened_when(finished_training):
    config, evaluations = finished_training
    history = read_history(config)
    assert [(r["kind"], r["step"], r["epoch"]) for r in history] == [
        ("interval", 2, 1),
        ("evaluation", 3, 1),
        ("interval", 4, 1),
        ("interval", 6, 2),
        ("evaluation", 6, 2),
    ]
    assert [r for r in history if r["kind"] == "evaluation"] == evaluations
    rates = [r["learning_rate"] for r in history if r["kind"] == "interval"]
    np.testing.assert_allclose(rates, [0.05 * (1 - step / 6) ** 0.9 for step in (1, 3, 5)], 1e-4)
    assert evaluations[1]["best_miou"] == max(r["miou"] for r in evaluations)


def test_events_hold_the_curves_and_the_pictures(finished_training):
    config, _ = finished_training
    tags = set()
    for path in pathlib.Path(config.train_logdir, "events").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            tags |= {value.tag for value in event.summary.value}
    assert {"validation", "eval/miou", "iou/disc", "train/cross_entropy"} <= tags
    assert {"train/learning_rate", "train/weight_norm", "train/gradient_norm"} <= tags


class KilledError(Exception):
    """Stands for a kill at any moment."""


@pytest.mark.slow
def test_killed_and_started_again_it_ends_with_the_same_bits(shards, tmp_path, monkeypatch):
    options = {"moving_average_decay": 0.9, "drop_path_keep_prob": 0.5, "save_interval_secs": 0.0}
    options["deterministic"] = True
    whole = trained_runs.make_config(shards, tmp_path / "whole", steps_per_loop=4, **options)
    evaluations = train_loop.run(whole)
    config = trained_runs.make_config(shards, tmp_path / "killed", **options)
    after_step = Loop._after_step

    def killed_after_step(loop, done):
        after_step(loop, done)
        if done == 4:
            raise KilledError

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(Loop, "_after_step", killed_after_step)
        train_loop.run(config)
    resumed = train_loop.run(config)
    assert [r["step"] for r in resumed] == [r["step"] for r in evaluations]
    expected, actual = saved_values(whole), saved_values(config)
    assert actual.keys() == expected.keys()
    assert any(name.startswith("averages/") for name in actual)
    for name, value in expected.items():
        np.testing.assert_array_equal(actual[name], value, err_msg=name)
    before = read_history(config)
    assert train_loop.run(config) == resumed
    assert read_history(config) == before


def test_a_signal_saves_first(finished_training, shards, tmp_path, monkeypatch):
    _, evaluations = finished_training
    config = trained_runs.make_config(shards, tmp_path / "signalled")
    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        signals.send_after_a_step(patch)
        train_loop.run(config)
    names = {path.name for path in (tmp_path / "signalled" / "checkpoints").glob("*.index")}
    assert names == {"ckpt-1.index"}
    assert [r["step"] for r in train_loop.run(config)] == [r["step"] for r in evaluations]


def test_refuses_another_architecture_in_one_sentence(finished_training, tmp_path):
    config, _ = finished_training
    other = nas_genotypes.Architecture(cell=trained_runs.ARCHITECTURE.cell, path=(1,))
    other.save(tmp_path / "other.json")
    network = dataclasses.replace(config.network, architecture=str(tmp_path / "other.json"))
    with pytest.raises(UserError, match="--architecture is path 4, .* there and path 8, .* here"):
        train_loop.run(dataclasses.replace(config, network=network))


def test_refuses_an_architecture_of_another_version(shards, tmp_path):
    config = trained_runs.make_config(shards, tmp_path / "run")
    path = pathlib.Path(config.network.architecture)
    path.write_text(path.read_text().replace('"version": 1', '"version": 7'))
    with pytest.raises(UserError, match=r"run\.json is not valid: version: expected 1, found 7"):
        train_loop.run(config)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_begins_with_the_weights_of_another_run(finished_training, shards, tmp_path, capsys):
    config, _ = finished_training
    first = str(shutil.copytree(config.train_logdir, tmp_path / "first"))
    frozen = {
        "initial_checkpoint": first,
        "fine_tune_batch_norm": False,
        "optimization": OptimizationConfig(training_number_of_steps=1, base_learning_rate=1e-12),
    }
    best = tf.train.latest_checkpoint(f"{first}/best")
    expected = tf.train.load_checkpoint(best)
    for last in (True, False):
        run = tmp_path / f"run_{last}"
        settings = {**frozen, "initialize_last_layer": last}
        train_loop.run(trained_runs.make_config(shards, run, **settings))
        assert f"Began with the weights of {best}" in capsys.readouterr().err
        values = saved_values(dataclasses.replace(config, train_logdir=str(run)), step=1)
        for name, value in values.items():
            if name.startswith("variables/segmenter.Sbackbone") and "/.ATT" in name:
                np.testing.assert_allclose(value, expected.get_tensor(name), atol=1e-6)
        logits = "variables/segmenter.Slogits.Sweights/.ATTRIBUTES/VARIABLE_VALUE"
        same = np.allclose(values[logits], expected.get_tensor(logits), atol=1e-6)
        assert same == last
    # What it began with is not needed any more.
    shutil.rmtree(first)
    assert len(train_loop.run(trained_runs.make_config(shards, run, **settings))) == 1


def test_class_weights_are_one_a_class(shards, tmp_path):
    optimization = OptimizationConfig(label_weights=(1.0, 2.0))
    config = trained_runs.make_config(shards, tmp_path / "run", optimization=optimization)
    with pytest.raises(UserError, match="--label_weights for the 6 classes of shapes, found 2"):
        train_loop.run(config)


def test_frozen_batch_norm_needs_weights(shards, tmp_path):
    config = trained_runs.make_config(shards, tmp_path / "run", fine_tune_batch_norm=False)
    with pytest.raises(UserError, match="--initial_checkpoint with --fine_tune_batch_norm=false"):
        train_loop.run(config)


def test_non_finite_loss_stops_and_saves_nothing(shards, tmp_path):
    optimization = OptimizationConfig(training_number_of_steps=9, base_learning_rate=1e30)
    config = trained_runs.make_config(shards, tmp_path / "run", optimization=optimization)
    with pytest.raises(
        UserError,
        match=r"Expected a finite \w+, found (nan|inf) in step \d \(learning rate [\d.e+]+; "
        r"images picture \d, picture \d; newest checkpoint after step 0\): nothing was saved",
    ):
        train_loop.run(config)
    assert not list((tmp_path / "run" / "checkpoints").glob("*.index"))


def test_statistics_that_will_not_settle_are_told(shards, tmp_path, capsys):
    optimization = OptimizationConfig(training_number_of_steps=1)
    config = trained_runs.make_config(
        shards, tmp_path / "run", optimization=optimization, batch_norm_decay=0.99
    )
    train_loop.run(config)
    assert "still 99% of what they began with" in capsys.readouterr().err
