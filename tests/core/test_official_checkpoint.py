"""Official checkpoints are loaded whole, or refused with a report."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes, official_checkpoint
from deeplab_nas.errors import UserError
from tests.core import made_architectures, made_networks


@pytest.fixture(scope="module")
def model():
    return made_networks.build(made_architectures.MIXED, 2, 5)


@pytest.fixture
def values(model):
    """Random values by official name."""
    return {
        name: tf.random.stateless_normal(variable.shape, [0, i])
        for i, (name, variable) in enumerate(official_checkpoint.official_variables(model).items())
    }


def write(path, values):
    """Writes a checkpoint as TensorFlow 1 did: names and tensors, nothing else."""
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
    return path


def check_loaded(model, values, names):
    variables = official_checkpoint.official_variables(model)
    for name in names:
        np.testing.assert_array_equal(variables[name], values[name])


def test_official_names(values):
    expected = {
        "hnasnet/conv0/weights",
        "hnasnet/conv2_bn/moving_variance",
        "hnasnet/cell_1/1x1/weights",
        "hnasnet/cell_1/beginning_bn/gamma",
        "hnasnet/cell_0/comb_iter_0/right/separable_3x3_1/depthwise_weights",
        "hnasnet/cell_1/comb_iter_2/left/1x1/weights",
        "hnasnet/cell_1/comb_iter_2/left/bn_1/beta",
        "image_pooling/BatchNorm/beta",
        "aspp3/weights",
        "concat_projection/weights",
        "decoder/feature_projection0/weights",
        "decoder/decoder_conv0/decoder_conv0_2/BatchNorm/moving_mean",
        "logits/semantic/biases",
    }
    assert expected <= values.keys()


def test_everything_is_loaded(tmp_path, model, values):
    report = official_checkpoint.load(model, write(tmp_path / "model.ckpt", values))
    assert report.complete
    assert set(report.loaded) == values.keys()
    check_loaded(model, values, values)


def test_state_of_training_is_ignored_by_name(tmp_path, model, values):
    state = {
        "global_step": tf.constant(7, tf.int64),
        "logits/semantic/weights/Momentum": tf.zeros([2]),
        "hnasnet/conv0/weights/ExponentialMovingAverage": tf.zeros([2]),
    }
    report = official_checkpoint.load(model, write(tmp_path / "model.ckpt", values | state))
    assert report.complete
    assert set(report.ignored) == state.keys()
    assert "3 ignored" in str(report)


def test_a_partial_load_is_refused_unless_asked_for(tmp_path, model, values):
    missing = "aspp0/weights"
    mismatched = "logits/semantic/weights"
    changed = {name: value + 1.0 for name, value in values.items() if name != missing}
    changed[mismatched] = tf.zeros([1, 1, 256, 21])
    changed["hnasnet/cell_99/1x1/weights"] = tf.zeros([1])
    path = write(tmp_path / "model.ckpt", changed)
    before = {name: tf.identity(v) for name, v in _variables(model).items()}
    with pytest.raises(UserError, match="aspp0/weights.*cell_99.*partial=True"):
        official_checkpoint.load(model, path)
    check_loaded(model, before, before)

    report = official_checkpoint.load(model, path, partial=True)
    assert report.missing == (missing,)
    assert report.unexpected == ("hnasnet/cell_99/1x1/weights",)
    assert len(report.mismatched) == 1
    assert report.mismatched[0].startswith(mismatched)
    assert not report.complete
    check_loaded(model, changed, set(values) - {missing, mismatched})
    check_loaded(model, before, [missing, mismatched])


def _variables(model):
    return official_checkpoint.official_variables(model)


def test_no_checkpoint(tmp_path, model):
    with pytest.raises(UserError, match="checkpoint"):
        official_checkpoint.load(model, tmp_path / "nothing")


def test_another_scope_and_a_backbone_alone(tmp_path):
    architecture = nas_genotypes.Architecture(nas_genotypes.pnasnet().cell, (0, 1))
    network = made_networks.backbone(architecture, 2)
    values = {
        name: tf.random.stateless_normal(variable.shape, [0, 1])
        for name, variable in official_checkpoint.official_variables(network, "pnasnet").items()
    }
    assert "pnasnet/cell_1/comb_iter_4/right/1x1/weights" in values
    report = official_checkpoint.load(network, write(tmp_path / "model.ckpt", values))
    assert report.complete
    np.testing.assert_array_equal(network.stem_convs[0].kernel, values["pnasnet/conv0/weights"])
