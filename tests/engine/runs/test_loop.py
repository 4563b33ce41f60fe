"""The clock of a run: what it takes, logs, evaluates and saves, and when."""

import dataclasses
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.data import pipeline
from deeplab_nas.engine.networks import weights
from deeplab_nas.engine.runs.loop import Loop
from deeplab_nas.engine.runs.open_run import OpenRun
from deeplab_nas.engine.runs.plan import Phase, Plan
from deeplab_nas.engine.steps.batches import Batches
from deeplab_nas.errors import StoppedError
from tests import trained_runs
from tests.engine.runs import signals

STRATEGY = tf.distribute.OneDeviceStrategy("/cpu:0")


class Counted:
    """A run whose steps only count, and everything that its loop has done, in order."""

    def __init__(self, config):
        self.config = config
        self.split, _ = pipeline.splits(config.data)
        self.weight = tf.Variable(0.0)
        self.optimizer = keras.optimizers.SGD()
        self.optimizer.build([self.weight])
        self.done = []

    def take(self, kind):
        def take(*_, steps):
            self.optimizer.iterations.assign(self.optimizer.iterations + int(steps))
            self.weight.assign_add(float(steps))
            self.done.append((kind, int(steps)))
            return {"loss": tf.constant(0.5)}

        return take

    def plan(self, opened):
        phases = [
            Phase("early", 4, self.take("early"), []),
            Phase("late", 10, self.take("late"), []),
        ]
        return Plan(phases, steps_per_epoch=4, log_every=[3], evaluate_every=5)

    def interval(self, done, epoch, measured):
        assert measured["learning_rate"] == -(done - 1)
        assert measured["loss"] == 0.5
        self.done.append(("interval", done, epoch))

    def evaluate(self, done, epoch):
        self.done.append(("evaluation", done, epoch))
        return "evaluated"

    def close(self):
        self.done.append("closed")

    def run(self):
        with OpenRun(self.config, self.split, STRATEGY) as opened:
            contents = {weights.VARIABLES: {"weight": self.weight}, "optimizer": self.optimizer}
            opened.restore(contents, 10)
            loop = Loop(
                opened,
                self.plan(opened),
                self.config,
                self.optimizer,
                learning_rate=lambda step: -step,
                losses=["loss"],
                report=self,
                evaluate=self.evaluate,
            )
            loop.run()

    def saved(self):
        """The steps of the checkpoints."""
        folder = pathlib.Path(self.config.train_logdir, "checkpoints")
        return sorted(int(path.stem.split("-")[1]) for path in folder.glob("*.index"))


@pytest.fixture
def config(shards, tmp_path):
    return trained_runs.make_config(shards, tmp_path / "run", keep_checkpoints=99)


def test_everything_comes_in_its_turn(config):
    run = Counted(dataclasses.replace(config, steps_per_loop=3))
    run.run()
    assert run.done == [
        ("early", 3),
        ("interval", 3, 1),
        ("early", 1),
        ("late", 1),
        ("evaluation", 5, 2),
        ("late", 1),
        ("interval", 6, 2),
        ("late", 3),
        ("interval", 9, 3),
        ("late", 1),
        ("interval", 10, 3),
        ("evaluation", 10, 3),
        "closed",
    ]
    assert run.saved() == [5, 10]
    again = Counted(run.config)
    again.run()
    assert again.done == ["closed"]
    assert again.weight.numpy() == 10


def test_each_step_is_saved_where_no_time_may_pass(config):
    run = Counted(dataclasses.replace(config, save_interval_secs=0.0))
    run.run()
    assert run.saved() == list(range(1, 11))


def test_a_stopped_run_is_saved_and_resumes_there(config, monkeypatch, capsys):
    run = Counted(config)
    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        signals.send_after_a_step(patch)
        run.run()
    assert run.done == [("early", 1), "closed"]
    assert run.saved() == [1]
    rest = Counted(config)
    rest.run()
    assert "Resuming after step 1 of 10." in capsys.readouterr().err
    assert [entry for entry in rest.done if entry[0] in ("early", "late")] == [
        *[("early", 1)] * 3,
        *[("late", 1)] * 6,
    ]
    assert rest.weight.numpy() == 10


def test_an_error_that_no_record_explains_stays(config):
    run = Counted(config)

    def fail(_, steps):
        raise tf.errors.InvalidArgumentError(None, None, f"no kernel for {steps} steps")

    def plan(opened):
        indices = np.arange(run.split.index.num_examples)
        drawn = Batches(STRATEGY, config.data, run.split, indices, 1, opened.bad_records)
        return Plan([Phase("step", 10, fail, [drawn])], 4, [3], 5)

    run.plan = plan
    with pytest.raises(tf.errors.InvalidArgumentError, match="no kernel"):
        run.run()
