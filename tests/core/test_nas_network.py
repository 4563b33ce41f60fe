"""Shapes, counts and initial values of the backbones."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes, nas_network
from deeplab_nas.core.network_config import NetworkConfig
from tests import places
from tests.core import made_architectures, made_networks

_STATISTICS = places.FIXTURES / "official_init_stats_F20.json"


def made(architecture, filter_multiplier=2, **options):
    return made_networks.backbone(architecture, filter_multiplier, name="network", **options)


@pytest.fixture(scope="module")
def hnasnet():
    return nas_network.hnasnet(NetworkConfig(filter_multiplier=10))


def test_endpoints_of_the_official_test(hnasnet):
    function = tf.function(hnasnet, input_signature=[tf.TensorSpec([1, 321, 321, 3])])
    shapes = {
        name: tuple(output.shape[1:])
        for name, output in function.get_concrete_function().structured_outputs.items()
    }
    expected = {"Stem": (81, 81, 128), "net": (41, 41, 100)}
    sizes = {0: (81, 50), 1: (41, 100), 2: (21, 200), 3: (11, 400)}
    for layer, level in enumerate((0, 0, 0, 1, 2, 1, 2, 2, 3, 3, 2, 1)):
        side, channels = sizes[level]
        expected[f"Cell_{layer}"] = (side, side, channels)
    assert shapes == expected


@pytest.mark.parametrize(("multiplier", "count"), [(20, 7_030_832), (32, 17_612_096)])
def test_parameters_of_the_backbone(multiplier, count):
    network = nas_network.hnasnet(NetworkConfig(filter_multiplier=multiplier))
    assert sum(math.prod(variable.shape) for variable in network.trainable_variables) == count


def test_prev_is_left_as_it_is_where_its_channels_match():
    # The first convolution of the stem has 64 channels, a block of cell 0 as many.
    network = made(nas_genotypes.Architecture(made_architectures.MIXED.cell, (0, 0)), 64)
    paths = {variable.path for variable in network.variables}
    assert "network/cell_0/prev_1x1/weights" not in paths
    assert "network/cell_1/prev_1x1/weights" in paths


def test_initial_values_of_the_official_code():
    found = {variable.path: variable for variable in nas_network.hnasnet(NetworkConfig()).variables}
    for entry in json.loads(_STATISTICS.read_text(encoding="utf-8")):
        if entry["name"].startswith("hnasnet/"):
            check_initial_value(found.pop(entry["name"]).numpy(), entry)
    assert not found


def check_initial_value(value, entry):
    """Compares two draws of one distribution by their spread."""
    assert list(value.shape) == entry["shape"]
    if entry["std"] == 0.0:
        np.testing.assert_array_equal(np.abs(value), entry["absmax"])
        return
    tolerance = 6.0 / math.sqrt(value.size)
    assert value.std() == pytest.approx(entry["std"], rel=tolerance), entry["name"]
    assert np.abs(value).max() == pytest.approx(entry["absmax"], rel=max(2 * tolerance, 0.03))


def test_levels_and_strides():
    architecture = nas_genotypes.Architecture(made_architectures.MIXED.cell, (1, 2, 3, 2))
    images = tf.zeros([1, 65, 97, 3])
    sizes = [(9, 13), (5, 7), (3, 4), (5, 7)]
    network = made(architecture)
    assert network.output_stride == 16
    endpoints = network(images)
    for layer, size in enumerate(sizes):
        channels = 3 * 2 * 2 ** architecture.path[layer]
        assert endpoints[f"Cell_{layer}"].shape == (1, *size, channels)
    kept = made(architecture, nas_remove_os32_stride=True)(images)
    assert [kept[f"Cell_{layer}"].shape[1:3] for layer in (1, 2, 3)] == [(5, 7)] * 3
    assert kept["Cell_2"].shape[-1] == 48
    ends_there = nas_genotypes.Architecture(architecture.cell, (1, 2, 3))
    assert made(ends_there, nas_remove_os32_stride=True).output_stride == 16


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        (nas_genotypes.auto_deeplab().path, "Cell_2"),
        (nas_genotypes.pnasnet(16).path, "Stem"),
        ((0, 1, 0, 1, 2), "Cell_2"),
        ((1, 0), "Cell_1"),
    ],
)
def test_low_level_endpoint(path, endpoint):
    network = made(nas_genotypes.Architecture(made_architectures.MIXED.cell, path))
    name, channels = network.low_level
    assert name == endpoint
    assert network(tf.zeros([1, 33, 33, 3]))[name].shape == (1, 9, 9, channels)


@pytest.mark.parametrize("state", [0, 1])
def test_layers_that_lead_nowhere_are_not_built(state):
    cell = (((state, "separable_3x3_1"), (state, "skip")),)
    network = made(nas_genotypes.Architecture(cell, (0, 1, 1, 1)))
    images = tf.random.stateless_uniform([2, 33, 17, 3], [0, 0], -1.0)
    with tf.GradientTape() as tape:
        endpoints = network(images, training=True)
        name, _ = network.low_level
        loss = tf.reduce_sum(endpoints["net"]) + tf.reduce_sum(endpoints[name])
    # By H^{l-2} alone the last cell depends on cell 1 and the stem; cell 0 is the low-level one.
    built = ["Stem", "Cell_0", "Cell_1", "Cell_2", "Cell_3", "net"]
    if state == 1:
        built.remove("Cell_2")
    assert list(endpoints) == built
    assert endpoints["net"].shape == (2, 5, 3, 4)
    assert not any(g is None for g in tape.gradient(loss, network.trainable_variables))


def test_the_end_of_the_stem_may_lead_nowhere():
    cell = (((1, "skip"), (1, "max_pool_3x3")),)
    network = made(nas_genotypes.Architecture(cell, (0,)))
    endpoints = network(tf.zeros([1, 33, 17, 3]))
    assert list(endpoints) == ["Cell_0", "net"]
    assert endpoints["net"].shape == (1, 9, 5, 2)


def test_drop_path_needs_the_length_of_training():
    with pytest.raises(ValueError, match="training_number_of_steps"):
        made(made_architectures.MIXED, drop_path_keep_prob=0.9)


def test_drop_path_acts_in_training_only():
    options = {"drop_path_keep_prob": 0.3, "training_number_of_steps": 10}
    network = made(made_architectures.MIXED, **options)
    images = tf.random.stateless_uniform([2, 33, 33, 3], [0, 0], -1.0)
    np.testing.assert_array_equal(network(images)["net"], network(images)["net"])
    network.drop_path.step.assign(10)
    first, second = (network(images, training=True)["net"].numpy() for _ in range(2))
    assert not np.allclose(first, second)
    assert int(network.drop_path.step.numpy()) == 12
