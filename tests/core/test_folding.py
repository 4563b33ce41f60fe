"""A folded network computes what the network does, without batch normalisation."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import folding, nas_genotypes
from deeplab_nas.core.layers import batch_norm
from tests.core import made_networks

_CELL = (
    ((0, "separable_3x3_2"), (1, "skip")),
    ((2, "atrous_5x5"), (0, "max_pool_3x3")),
    ((1, "separable_5x5_1"), (0, "skip")),
)
# Down, up and level, so that every kind of input of a cell is there.
_ARCHITECTURE = nas_genotypes.Architecture(_CELL, (0, 1, 2, 1, 1))


def network(**options):
    """A network whose every variable has a value of its own."""
    model = made_networks.build(_ARCHITECTURE, 2, 5, input_channels=4, **options)
    rng = np.random.default_rng(1)
    for variable in model.variables:
        if variable.path.endswith(("gamma", "moving_variance")):
            variable.assign(rng.uniform(0.5, 2.0, variable.shape))
        elif variable.dtype == "float32":
            variable.assign(rng.normal(size=variable.shape) / 4)
    return model


def images():
    return tf.random.stateless_uniform([2, 65, 50, 4], [0, 1], 0.0, 255.0)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"decoder_use_separable_conv": True, "aspp_with_separable_conv": True},
        {"use_decoder": False, "add_image_level_feature": False, "nas_remove_os32_stride": True},
    ],
    ids=["plain", "separable heads", "bare"],
)
def test_outputs_are_the_networks(options):
    model = network(**options)
    folded = folding.fold(model)
    expected = model(images()).numpy()
    assert np.std(expected) > 0.05
    np.testing.assert_allclose(folded(images()), expected, atol=1e-4 * np.abs(expected).max())


def test_nothing_of_the_training_is_left():
    model = network(drop_path_keep_prob=0.8, training_number_of_steps=10)
    folded = folding.fold(model)
    names = {variable.path.rsplit("/", 1)[-1] for variable in folded.variables}
    kernels = {"weights", "depthwise_weights", "pointwise_weights"}
    assert names == {*kernels, "biases", "beta"}
    graph = tf.function(folded).get_concrete_function(tf.TensorSpec([1, 33, 33, 4])).graph
    kinds = {operation.type for operation in graph.get_operations()}
    assert not kinds & {"FusedBatchNormV3", "Rsqrt"}


def test_a_folded_network_cannot_be_trained():
    with pytest.raises(ValueError, match="folded"):
        folding.fold(network())(images(), training=True)


def test_low_precision_stays_close():
    model = network(dtype="mixed_bfloat16")
    expected = model(images()).numpy()
    found = folding.fold(model)(images()).numpy()
    np.testing.assert_allclose(found, expected, atol=0.03 * np.abs(expected).max())


def test_a_norm_without_its_convolution_is_noticed():
    model = network()
    # Keras lets nobody add to a layer that is built; somebody's layer may well be built with it.
    model._tracker.unlock()
    model.stray = batch_norm.BatchNorm(name="stray")
    model.stray.build((None, None, None, 3))
    with pytest.raises(ValueError, match="without the convolution"):
        folding.fold(model)
