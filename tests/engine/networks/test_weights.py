"""Checkpoints are found, recognised and loaded whole, or refused in one sentence."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.networks import weights
from deeplab_nas.errors import UserError
from tests import trained_runs
from tests.core import made_networks


def made_model(num_classes=4, seed=0):
    tf.keras.utils.set_random_seed(seed)
    return made_networks.build(trained_runs.ARCHITECTURE, 2, num_classes)


def save(model, prefix, averages=None):
    groups = {weights.VARIABLES: weights.by_path(model)}
    if averages:
        groups[weights.AVERAGES] = averages
    return tf.train.Checkpoint(**groups).write(str(prefix))


def test_every_variable_is_saved_and_loaded(tmp_path):
    first, second = made_model(seed=1), made_model(seed=2)
    for variable in first.variables:
        if variable.dtype.startswith("float"):
            variable.assign(tf.random.uniform(variable.shape))
    prefix = save(first, tmp_path / "ckpt-1")
    assert weights.is_ours(prefix)
    weights.load(second, prefix)
    for one, two in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_averages_are_taken_where_there_are_any(tmp_path):
    model = made_model()
    averages = {v.path: tf.Variable(tf.fill(v.shape, 7.0)) for v in model.trainable_variables}
    prefix = save(model, tmp_path / "ckpt-1", averages)
    moving = [v.numpy() for v in model.non_trainable_variables]
    weights.load(model, prefix)
    assert all(np.all(v.numpy() == 7.0) for v in model.trainable_variables)
    for before, variable in zip(moving, model.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(before, variable.numpy())


def test_another_number_of_classes_is_told_and_nothing_loaded(tmp_path):
    prefix = save(made_model(num_classes=5, seed=1), tmp_path / "ckpt-1")
    model = made_model()
    before = [variable.numpy() for variable in model.variables]
    with pytest.raises(UserError, match=r"logits/weights \[1, 1, 256, 5\], expected \[.*, 4\].*"):
        weights.load(model, prefix)
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())
    weights.load(model, prefix, without=[model.logits])


@pytest.mark.parametrize("damage", ["empty", "cut", "no data"])
def test_damaged_checkpoints_are_told(tmp_path, damage):
    prefix = save(made_model(), tmp_path / "ckpt-1")
    (data,) = tmp_path.glob("ckpt-1.data*")
    index = tmp_path / "ckpt-1.index"
    if damage == "empty":
        index.write_bytes(b"")
    elif damage == "cut":
        data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    else:
        data.unlink()
    with pytest.raises(UserError, match="Expected a whole TensorFlow checkpoint"):
        weights.load(made_model(), prefix)


def test_finds_the_best_then_the_newest(tmp_path):
    def touch(name):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")

    for step in (9, 10):
        touch(f"checkpoints/ckpt-{step}.index")
    assert weights.find(str(tmp_path)) == f"{tmp_path}/checkpoints/ckpt-10"
    assert weights.find(f"{tmp_path}/checkpoints") == f"{tmp_path}/checkpoints/ckpt-10"
    assert weights.find(f"{tmp_path}/checkpoints/ckpt-9") == f"{tmp_path}/checkpoints/ckpt-9"
    touch("best/ckpt-3.index")
    assert weights.find(str(tmp_path)) == f"{tmp_path}/best/ckpt-3"


@pytest.mark.parametrize("path", ["absent", ""])
def test_no_checkpoint_is_told(tmp_path, path):
    with pytest.raises(UserError, match="Expected a run directory of train or a checkpoint"):
        weights.find(str(tmp_path / path))
