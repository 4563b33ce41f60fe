"""What a process takes of a run directory, and that it leaves nothing behind."""

import contextlib
import pathlib
import tempfile

import pytest
import tensorflow as tf

from deeplab_nas.data import pipeline
from deeplab_nas.engine import search_loop, train_loop
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.runs.checkpoints import Checkpoints
from deeplab_nas.engine.runs.open_run import OpenRun
from deeplab_nas.errors import StoppedError, UserError
from tests import trained_runs
from tests.engine import test_search_loop
from tests.engine.runs import signals, test_loop


@pytest.fixture
def throw_away(tmp_path, monkeypatch):
    """Where throw-away folders are made in this test."""
    folder = tmp_path / "throw away"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def opened(config):
    split, _ = pipeline.splits(config.data)
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    return OpenRun(config, split, strategy)


def contents(folder):
    """Every file in a folder, but for the lock, with what is in it."""
    files = (path for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file())
    return {path: path.read_bytes() for path in files if path.name != ".lock"}


def spied_on(monkeypatch, look):
    """A list that takes what `look` sees after each save."""
    save, seen = Checkpoints.save, []

    def spying_save(checkpoints, step):
        path = save(checkpoints, step)
        seen.append(look())
        return path

    monkeypatch.setattr(Checkpoints, "save", spying_save)
    return seen


def test_a_worker_besides_the_chief_has_one_throw_away_folder(
    shards, tmp_path, monkeypatch, throw_away
):
    config = trained_runs.make_config(shards, tmp_path / "run", save_interval_secs=0.0)
    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        signals.send_after_a_step(patch)
        test_loop.Counted(config).run()
    assert not list(throw_away.iterdir())
    before = contents(config.train_logdir)
    monkeypatch.setattr(strategies, "is_chief", lambda strategy: False)
    folders = spied_on(monkeypatch, lambda: len(list(throw_away.iterdir())))
    worker = test_loop.Counted(config)
    worker.run()
    assert folders == [1] * 9
    assert not list(throw_away.iterdir())
    assert contents(config.train_logdir) == before
    assert worker.weight.numpy() == 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loop", "make_config"),
    [(search_loop, test_search_loop.made_config), (train_loop, trained_runs.make_config)],
)
def test_a_worker_besides_the_chief_leaves_nothing_behind(
    shards, tmp_path, monkeypatch, throw_away, loop, make_config
):
    config = make_config(shards, tmp_path / "run")
    with monkeypatch.context() as patch, pytest.raises(StoppedError):
        signals.send_after_a_step(patch)
        loop.run(config)
    assert not list(throw_away.iterdir())
    before = contents(config.train_logdir)
    monkeypatch.setattr(strategies, "is_chief", lambda strategy: False)
    saved = spied_on(monkeypatch, lambda: len(list(throw_away.iterdir())))
    loop.run(config)
    assert saved
    assert set(saved) == {1}
    assert not list(throw_away.iterdir())
    assert contents(config.train_logdir) == before


def test_a_failure_frees_the_run(shards, tmp_path):
    config = trained_runs.make_config(shards, tmp_path / "run")
    test_loop.Counted(config).run()
    with contextlib.suppress(ZeroDivisionError), opened(config):
        with pytest.raises(UserError, match="one program at a time"):
            opened(config)
        raise ZeroDivisionError
    damaged = tmp_path / "run" / "bad_records.json"
    damaged.write_text("{")
    with pytest.raises(UserError, match="bad_records.json"):
        opened(config)
    damaged.unlink()
    with opened(config) as run:
        assert run.own is run.shared
