"""Saving and restoring: the newest whole checkpoint, and never step 0 in silence."""

import pathlib

import keras
import pytest
import tensorflow as tf

from deeplab_nas.engine.runs.checkpoints import Checkpoints
from tests import refusals
from tests.faults import full_disk


class _Run:
    """A variable, an optimizer with momentum, and their checkpoints in a folder."""

    def __init__(self, folder: pathlib.Path, keep: int = 3, saved_to: pathlib.Path | str = ""):
        self.weight = tf.Variable([0.0, 0.0])
        self.optimizer = keras.optimizers.SGD(1.0, momentum=0.5)
        self.optimizer.build([self.weight])
        checkpoint = tf.train.Checkpoint(weight=self.weight, optimizer=self.optimizer)
        self.checkpoints = Checkpoints(str(folder), checkpoint, keep, str(saved_to))

    def step(self):
        self.optimizer.apply([tf.constant([1.0, 2.0])], [self.weight])

    def train_and_save(self, *steps: int):
        for step in steps:
            self.step()
            self.checkpoints.save(step)

    def after_one_more_step(self) -> list[float]:
        self.step()
        return self.weight.numpy().tolist()


def test_nothing_to_restore(tmp_path):
    assert _Run(tmp_path / "missing").checkpoints.restore_newest() is None


def test_goes_on_as_if_never_stopped(tmp_path):
    first = _Run(tmp_path)
    first.train_and_save(10, 20)
    second = _Run(tmp_path)
    assert second.checkpoints.restore_newest() == 20
    assert second.after_one_more_step() == first.after_one_more_step()


def test_only_the_newest_are_kept_over_a_restart(tmp_path):
    _Run(tmp_path, keep=2).train_and_save(10, 20, 30)
    _Run(tmp_path, keep=2).train_and_save(40)
    assert sorted(path.stem for path in tmp_path.glob("*.index")) == ["ckpt-30", "ckpt-40"]


@pytest.mark.parametrize("state", [None, b"", b"model_checkpoint_path: 'ckpt-10'", b"\x00nonsense"])
def test_the_state_file_is_not_needed(tmp_path, state):
    _Run(tmp_path, keep=2).train_and_save(9, 100)
    (tmp_path / "checkpoint").unlink()
    if state is not None:
        (tmp_path / "checkpoint").write_bytes(state)
    again = _Run(tmp_path, keep=2)
    assert again.checkpoints.restore_newest() == 100
    again.train_and_save(110)
    assert sorted(path.stem for path in tmp_path.glob("*.index")) == ["ckpt-100", "ckpt-110"]


def _cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [_cut, _flip, pathlib.Path.unlink], ids=["cut", "flip", "gone"])
@pytest.mark.parametrize("ending", ["index", "data-00000-of-00001"])
def test_a_damaged_checkpoint_is_skipped_and_told(tmp_path, capsys, damage, ending):
    run = _Run(tmp_path)
    run.train_and_save(10)
    expected = run.weight.numpy().tolist()
    run.train_and_save(20)
    damage(tmp_path / f"ckpt-20.{ending}")
    again = _Run(tmp_path)
    assert again.checkpoints.restore_newest() == 10
    assert again.weight.numpy().tolist() == expected
    assert "ckpt-20" in capsys.readouterr().err


def test_all_damaged_is_an_error_and_not_a_fresh_start(tmp_path):
    _Run(tmp_path).train_and_save(10, 20)
    for path in tmp_path.glob("*.data*"):
        _cut(path)
    with refusals.refused("ckpt-10", "ckpt-20", "--train_logdir"):
        _Run(tmp_path).checkpoints.restore_newest()


def test_what_was_not_finished_is_removed(tmp_path):
    _Run(tmp_path).train_and_save(10)
    (tmp_path / "ckpt-20_temp").mkdir()
    (tmp_path / "ckpt-20_temp" / "part-00000-of-00001.data-00000-of-00001").write_bytes(b"half")
    again = _Run(tmp_path)
    assert again.checkpoints.restore_newest() == again.checkpoints.newest_step() == 10
    again.checkpoints.take_over()
    assert not (tmp_path / "ckpt-20_temp").exists()


def test_restoring_writes_nothing(tmp_path):
    _Run(tmp_path).train_and_save(10)
    (tmp_path / "ckpt-20_temp").mkdir()
    (tmp_path / "checkpoint").write_bytes(b"nonsense")
    before = {path: path.is_dir() or path.read_bytes() for path in tmp_path.iterdir()}
    assert _Run(tmp_path).checkpoints.restore_newest() == 10
    assert {path: path.is_dir() or path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_index_that_names_more_than_there_is_is_refused_first(tmp_path, monkeypatch):
    _Run(tmp_path).train_and_save(10)
    reader = tf.train.load_checkpoint(str(tmp_path / "ckpt-10"))
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    slices = [f"{2**33} 0,2" if name.startswith("weight") else "" for name in values]
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "ckpt-10"),
        tensor_names=list(values),
        shape_and_slices=slices,
        tensors=list(values.values()),
    )
    run = _Run(tmp_path)
    monkeypatch.setattr(tf.train.Checkpoint, "restore", lambda *_: pytest.fail("It allocates."))
    with refusals.refused("Expected a whole checkpoint", "bytes are named"):
        run.checkpoints.restore_newest()


@pytest.mark.parametrize("good", [True, False])
def test_numbers_that_are_not_finite_are_not_restored(tmp_path, capsys, good):
    run = _Run(tmp_path)
    if good:
        run.train_and_save(10)
    run.weight.assign([1.0, float("nan")])
    run.checkpoints.save(20)
    again = _Run(tmp_path)
    if good:
        assert again.checkpoints.restore_newest() == 10
        assert "ckpt-20 (numbers that are not finite in weight)" in capsys.readouterr().err
    else:
        with refusals.refused("ckpt-20 (numbers that are not finite in weight)"):
            again.checkpoints.restore_newest()


def test_a_full_disk_is_told_and_the_last_checkpoint_stays(tmp_path):
    run = _Run(tmp_path)
    run.train_and_save(10)
    with (
        full_disk.no_file_longer_than(50),
        refusals.refused("Expected to write", "make room there"),
    ):
        run.checkpoints.save(20)
    assert sorted(path.name for path in tmp_path.glob("ckpt-*.index")) == ["ckpt-10.index"]
    assert _Run(tmp_path).checkpoints.restore_newest() == 10


def test_a_checkpoint_of_something_else_is_not_restored(tmp_path):
    other = tf.train.Checkpoint(weight=tf.Variable([0.0]))
    Checkpoints(str(tmp_path), other, keep=3).save(5)
    told = ("network that these flags and this data describe", "ckpt-5", "another --train_logdir")
    with refusals.refused(*told) as error:
        _Run(tmp_path).checkpoints.restore_newest()
    # Nobody is told to delete what is good.
    assert "delete" not in str(error.value)


def test_what_an_earlier_version_did_not_save_stays_as_it_is(tmp_path):
    first = _Run(tmp_path)
    first.train_and_save(10)
    added = tf.Variable([3.0])
    run = _Run(tmp_path)
    older = tf.train.Checkpoint(weight=run.weight, optimizer=run.optimizer)
    newer = tf.train.Checkpoint(weight=run.weight, optimizer=run.optimizer, added=added)
    assert Checkpoints(str(tmp_path), newer, 3, older=older).restore_newest() == 10
    assert run.after_one_more_step() == first.after_one_more_step()
    assert added.numpy() == 3
    added.assign([4.0])
    checkpoints = Checkpoints(str(tmp_path), newer, 3, older=older)
    checkpoints.save(20)
    added.assign([5.0])
    assert checkpoints.restore_newest() == 20
    assert added.numpy() == 4


def test_other_workers_restore_but_do_not_write(tmp_path):
    shared, own = tmp_path / "shared", tmp_path / "own"
    _Run(shared).train_and_save(10)
    (shared / "ckpt-20_temp").mkdir()
    before = sorted(shared.iterdir())
    worker = _Run(shared, saved_to=own)
    assert worker.checkpoints.restore_newest() == 10
    worker.train_and_save(20)
    assert sorted(shared.iterdir()) == before
    assert (own / "ckpt-20.index").exists()
