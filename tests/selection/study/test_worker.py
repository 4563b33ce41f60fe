"""A selection with made-up trainings: complete, each training once, a function of its seed."""

import dataclasses
import pathlib
import threading

import pytest

from deeplab_nas.core import random_architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.errors import StoppedError
from deeplab_nas.selection.study import arm as arms
from deeplab_nas.selection.study import search_space
from deeplab_nas.selection.study.arm import Arm
from deeplab_nas.selection.study.arm_run import ArmRun
from deeplab_nas.selection.study.pulse import Pulse
from deeplab_nas.selection.study.storage import open_storage
from deeplab_nas.selection.study.worker import Worker
from deeplab_nas.selection.trainings import short_training
from deeplab_nas.selection.trainings.training_rows import TrainingRows

POOL = {f"random_{seed}": random_architecture.draw(seed, 3, 2) for seed in range(1, 8)}
ARM = Arm("select", (10, 40), 3, POOL, seed=3)
SPACE = search_space.distributions(3, 2, SEARCH_OPERATIONS)


def worth(config):
    """A mean IoU: of skips in the cell, the length of the training and its seed."""
    text = pathlib.Path(config.network.architecture).read_text()
    steps = config.optimization.training_number_of_steps
    of_cell = 0.1 * text.count("skip") + 0.01 * text.count("pool")
    return 0.9 - of_cell + steps / 1000 - config.seed / 1e4


class Trainings:
    """Stands for `short_training.run`: counts what is trained, and may be stopped in one."""

    def __init__(self, stop_at=None):
        self.done = []
        self._stop_at = stop_at
        self._lock = threading.Lock()

    def __call__(self, config, folder, by_image=False):
        with self._lock:
            self.done.append(folder.name)
            if len(self.done) == self._stop_at:
                raise StoppedError(15)
        return short_training.Result({"miou": worth(config), "class_iou": {}}, 1.0)


def made_worker(folder, arm=ARM, finalists=2):
    config = TrainConfig(
        train_logdir=str(folder), optimization=OptimizationConfig(training_number_of_steps=40)
    )
    folder.mkdir(exist_ok=True)
    storage = open_storage("", str(folder))
    pulse = Pulse(storage, str(folder))
    run = ArmRun(arm, storage, SPACE, pulse, (1, 2, 3), finalists)
    rows = TrainingRows(config, str(folder / "trainings"), keep_runs=False)
    return Worker([run], rows, pulse, sleep=lambda _: None), run


def test_one_worker_does_what_the_arm_says_and_then_the_finals(tmp_path, monkeypatch):
    trained = Trainings()
    monkeypatch.setattr(short_training, "run", trained)
    worker, run = made_worker(tmp_path)
    worker.run()
    finished = run.trials.finished()
    assert list(finished[0]) == list(POOL)
    best = arms.best(finished, 2)
    # The whole training by the first seed is a rung, and its folder has no number of steps.
    assert trained.done[-4:] == [f"{name}-seed{seed}" for name in best for seed in (2, 3)]
    assert len(trained.done) == len(set(trained.done)) == len(run.documents())
    assert all(document["miou"] < 1 for document in run.documents())
    made_worker(tmp_path)[0].run()
    assert len(trained.done) == len(run.documents())


@pytest.mark.parametrize("sampler", ["random", "tpe", "evolution"])
def test_stopped_anywhere_it_ends_with_the_same_ranking(tmp_path, monkeypatch, sampler):
    arm = dataclasses.replace(ARM, sampler=sampler, most_proposals=8)
    monkeypatch.setattr(short_training, "run", Trainings())
    whole, expected = made_worker(tmp_path / "whole", arm)
    whole.run()
    for stop_at in (1, 9, 13):
        folder = tmp_path / f"stopped{stop_at}"
        trained = Trainings(stop_at)
        monkeypatch.setattr(short_training, "run", trained)
        with pytest.raises(StoppedError):
            made_worker(folder, arm)[0].run()
        worker, run = made_worker(folder, arm)
        worker.run()
        assert run.trials.finished() == expected.trials.finished()
        assert run.trials.architectures() == expected.trials.architectures()
        assert sorted(trained.done) == sorted([*set(trained.done), trained.done[stop_at - 1]])


def test_two_workers_train_each_once_and_lose_none(tmp_path, monkeypatch):
    trained = Trainings()
    monkeypatch.setattr(short_training, "run", trained)
    arm = dataclasses.replace(ARM, sampler="tpe", most_proposals=6)
    workers = [made_worker(tmp_path, arm) for _ in range(2)]
    threads = [threading.Thread(target=worker.run) for worker, _ in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = workers[0][1]
    assert len(trained.done) == len(set(trained.done)) == len(run.documents())
    begun, finished = run.trials.begun(), run.trials.finished()
    assert [sorted(names) for names in begun] == [sorted(names) for names in finished]
    assert len(finished[0]) == len(POOL) + 6
    assert arms.next_training(arm, finished, begun) is None
