"""A training may begin with a checkpoint of the official code."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import official_checkpoint
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.networks import initialization
from deeplab_nas.errors import UserError
from tests import trained_runs
from tests.core import made_networks


def made_model(num_classes=4):
    return made_networks.build(trained_runs.ARCHITECTURE, 2, num_classes)


@pytest.fixture
def official(tmp_path):
    """Values by official name of a network of five classes, and their checkpoint."""
    names = official_checkpoint.official_variables(made_model(5))
    values = {
        n: tf.random.stateless_uniform(v.shape, [0, i]) for i, (n, v) in enumerate(names.items())
    }
    values["global_step"] = tf.constant(7, tf.int64)
    path = str(tmp_path / "model.ckpt-7")
    tf.raw_ops.SaveV2(
        prefix=path,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
    return values, path


def test_all_of_it(official):
    values, path = official
    model = made_model(5)
    told = initialization.initialize(model, TrainConfig("runs/a", initial_checkpoint=path))
    assert "official" in told
    for name, variable in official_checkpoint.official_variables(model).items():
        np.testing.assert_array_equal(variable.numpy(), values[name])


@pytest.mark.parametrize("logits_only", [False, True])
def test_all_but_the_last_layers(official, logits_only):
    values, path = official
    model = made_model()
    logits = model.logits.variables[0].numpy()
    config = TrainConfig(
        "runs/a",
        initial_checkpoint=path,
        initialize_last_layer=False,
        optimization=OptimizationConfig(last_layers_contain_logits_only=logits_only),
    )
    initialization.initialize(model, config)
    np.testing.assert_array_equal(model.logits.variables[0].numpy(), logits)
    for name, variable in official_checkpoint.official_variables(model).items():
        taken = np.array_equal(variable.numpy(), values[name])
        is_last = name.startswith("logits/") if logits_only else not name.startswith("hnasnet/")
        assert taken != is_last, name


def test_another_number_of_classes_is_told(official):
    _, path = official
    with pytest.raises(UserError, match=r"logits/semantic.*--initialize_last_layer=false"):
        initialization.initialize(made_model(), TrainConfig("runs/a", initial_checkpoint=path))


def test_nothing_to_begin_with():
    assert initialization.initialize(made_model(), TrainConfig("runs/a")) is None


@pytest.mark.parametrize("wrong", ["not finite", "integers", "cut off"])
def test_a_damaged_one_is_told_and_nothing_loaded(official, tmp_path, wrong):
    values, path = official
    name = next(name for name in values if name.endswith("conv0/weights"))
    if wrong == "cut off":
        (data,) = tmp_path.glob("model.ckpt-7.data*")
        data.write_bytes(data.read_bytes()[:1000])
    else:
        bad = values[name].numpy()
        bad.flat[-1] = np.inf
        values[name] = (
            tf.constant(bad) if wrong == "not finite" else tf.cast(values[name], tf.int32)
        )
        tf.raw_ops.SaveV2(
            prefix=path,
            tensor_names=list(values),
            shape_and_slices=[""] * len(values),
            tensors=list(values.values()),
        )
    model = made_model(5)
    before = [variable.numpy() for variable in model.variables]
    told = "whole TensorFlow checkpoint" if wrong == "cut off" else f"found others in {name}"
    with pytest.raises(UserError, match=told):
        initialization.initialize(model, TrainConfig("runs/a", initial_checkpoint=path))
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())
