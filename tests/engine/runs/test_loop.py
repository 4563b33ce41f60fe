"""The clock of a run: what it takes, logs, evaluates and saves, and when."""

import dataclasses
import pathlib
import time
import uuid

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.data import pipeline
from deeplab_nas.engine.networks import weights
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.runs.loop import Loop
from deeplab_nas.engine.runs.open_run import OpenRun
from deeplab_nas.engine.runs.plan import Phase, Plan
from deeplab_nas.engine.steps.batches import Batches
from deeplab_nas.errors import StoppedError, UserError
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
        names = tf.io.gfile.listdir(f"{self.config.train_logdir}/checkpoints")
        indices = (name for name in names if name.endswith(".index"))
        return sorted(int(pathlib.Path(name).stem.split("-")[1]) for name in indices)


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


class Recorded(Counted):
    """One that writes its intervals and evaluations into the history."""

    def run(self):
        opened_at_loop = self.plan

        def plan(opened):
            self.history = opened.history
            return opened_at_loop(opened)

        self.plan = plan
        super().run()

    def interval(self, done, epoch, measured):
        self.history.append({"kind": "interval", "step": done})

    def evaluate(self, done, epoch):
        self.history.append({"kind": "evaluation", "step": done})
        return "evaluated"


def test_a_run_on_an_object_store_resumes_with_its_history(config, monkeypatch):
    place = f"ram://{uuid.uuid4().hex}/run"
    config = dataclasses.replace(config, train_logdir=place, save_interval_secs=0.0)
    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        signals.send_after_a_step(patch, 7)
        Recorded(config).run()
    path = f"{place}/history.jsonl"
    before = History(path).read()
    assert [(r["kind"], r["step"]) for r in before] == [
        ("interval", 3),
        ("evaluation", 5),
        ("interval", 6),
    ]
    other = dataclasses.replace(config, seed=5)
    with pytest.raises(UserError, match="--seed is 1 there and 5 here"):
        Recorded(other).run()
    rest = Recorded(config)
    rest.run()
    assert rest.weight.numpy() == 10
    assert rest.saved() == list(range(1, 11))
    assert [r["step"] for r in History(path).read()] == [3, 5, 6, 9, 10, 10]
    assert not tf.io.gfile.exists(path)


def test_a_clock_that_is_set_back_changes_nothing(config, monkeypatch):
    run = Counted(dataclasses.replace(config, save_interval_secs=0.0))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 86_400 * len(run.done))
    run.run()
    assert run.saved() == list(range(1, 11))
