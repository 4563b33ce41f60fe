"""A training in a process of its own is the training, and ends with the process that waits."""

import dataclasses
import json
import multiprocessing
import os
import signal
import time

import pytest

from deeplab_nas.engine import train_loop
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.scoring import image_matrices, metrics
from deeplab_nas.errors import UserError
from deeplab_nas.selection.trainings import short_training
from tests import trained_runs

# Settings of a training that comes to the same bits here and there.
SAME_BITS = {"deterministic": True, "threads": 1}


@pytest.mark.slow
def test_it_finds_what_the_same_training_here_finds(shards, tmp_path):
    (tmp_path / "there").mkdir()
    config = trained_runs.make_config(shards, tmp_path / "there" / "run", **SAME_BITS)
    result = short_training.run(config, tmp_path / "there")
    here = train_loop.run(dataclasses.replace(config, train_logdir=str(tmp_path / "here")))[-1]
    # The number of threads of this process is no longer to be chosen, so that sums end otherwise.
    assert result.evaluation["miou"] == pytest.approx(here["miou"], rel=1e-2)
    history = (tmp_path / "there" / "run" / "history.jsonl").read_text().splitlines()
    assert result.evaluation == json.loads(history[-1])
    assert "step 6/6: mIoU" in (tmp_path / "there" / "log.txt").read_text()
    assert result.seconds > 0


@pytest.mark.slow
def test_by_image_it_is_evaluated_once_more(shards, tmp_path):
    config = trained_runs.make_config(shards, tmp_path / "run", **SAME_BITS)
    found = short_training.run(config, tmp_path, by_image=True).evaluation
    matrices = image_matrices.load(tmp_path / "image_matrices.npz").matrices
    assert matrices.shape[0] == found["num_images"] > 1
    assert found["miou"] == pytest.approx(metrics.mean_iou(matrices.sum(axis=0)))
    history = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    assert found["miou"] == pytest.approx(json.loads(history[-1])["miou"], abs=1e-3)


@pytest.mark.slow
def test_what_it_refuses_is_refused_here(tmp_path):
    (tmp_path / "shards").mkdir()
    config = trained_runs.make_config(str(tmp_path / "shards"), tmp_path / "run")
    with pytest.raises(UserError, match=f"^Expected .*{tmp_path}/shards"):
        short_training.run(config, tmp_path)


def wait_for_it(config, folder):
    short_training.run(config, folder)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_it_saves_and_ends_with_the_process_that_waits_and_is_resumed(shards, tmp_path, number):
    (tmp_path / "cut").mkdir()
    optimization = OptimizationConfig(training_number_of_steps=80)
    settings = {**SAME_BITS, "log_steps": 1, "optimization": optimization}
    settings["eval_interval_steps"] = 0
    whole = trained_runs.make_config(shards, tmp_path / "whole" / "run", **settings)
    expected = short_training.run(whole, tmp_path / "whole").evaluation
    config = dataclasses.replace(whole, train_logdir=str(tmp_path / "cut" / "run"))
    log, history = tmp_path / "cut" / "log.txt", tmp_path / "cut" / "run" / "history.jsonl"
    waiting = multiprocessing.get_context("spawn").Process(
        target=wait_for_it, args=(config, tmp_path / "cut")
    )
    waiting.start()
    while not (history.exists() and '"step": 5,' in history.read_text()):
        assert waiting.is_alive()
        time.sleep(0.1)
    os.kill(waiting.pid, number)
    waiting.join()
    # Waits for the training that is still saving, and takes its place.
    resumed = short_training.run(config, tmp_path / "cut")
    assert "SIGTERM: saving" in log.read_text()
    assert "Resuming after step" in log.read_text()
    for name in ("step", "miou", "class_iou"):
        assert resumed.evaluation[name] == expected[name]
