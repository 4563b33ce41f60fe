"""Adding an operation, as WORKSPACE.md says: one entry in the table, and every room has it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import folding, nas_genotypes, nas_operations, operations, random_architecture
from deeplab_nas.core.cost import network_cost
from deeplab_nas.core.operations import SEARCH_OPERATIONS, Kind, Operation
from deeplab_nas.drawing import cell, heat_map
from deeplab_nas.drawing.architecture import draw_architecture
from deeplab_nas.supernet.decoding import by_logits
from tests.core import made_networks
from tests.supernet import held_to_oracle
from tests.supernet.conftest import unoptimized_graphs  # noqa: F401

_NAME = "conv_7x1_1x7"
_ENTRY = Operation(_NAME, "conv 7x1 1x7", Kind.CONVOLUTION, ((7, 1), (1, 7)))
_CANDIDATES = (*SEARCH_OPERATIONS, _NAME)
_CELL = (((0, _NAME), (1, "skip")), ((2, _NAME), (0, _NAME)))


@pytest.fixture(autouse=True)
def ninth_operation(monkeypatch):
    monkeypatch.setitem(operations.TABLE, _NAME, _ENTRY)


@pytest.fixture
def architecture():
    return nas_genotypes.Architecture(_CELL, path=(0, 1, 0))


def test_it_computes_what_its_name_says():
    layer = nas_operations.make(_NAME, 4, 1)
    layer.build((None, None, None, 4))
    assert [list(v.shape) for v in layer.trainable_variables if "weights" in v.name] == [
        [7, 1, 4, 4],
        [1, 7, 4, 4],
    ]
    images = tf.random.stateless_normal([1, 9, 8, 4], [0, 1])
    outputs = images
    for kernel in (layer.layers[0].kernel, layer.layers[2].kernel):
        outputs = tf.nn.conv2d(tf.nn.relu(outputs), kernel, 1, "SAME") / np.sqrt(1.001)
    np.testing.assert_allclose(layer(images), outputs, rtol=1e-4, atol=1e-5)


def test_a_discrete_network_has_it(architecture, tmp_path):
    assert nas_genotypes.from_json(architecture.to_json()) == architecture
    model = made_networks.build(architecture, 2, 3)
    images = tf.random.stateless_uniform([2, 65, 49, 3], [0, 2], 0, 255)
    logits = model(images)
    np.testing.assert_allclose(folding.fold(model)(images), logits, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again(images), logits)


def test_it_is_counted(architecture):
    skips = tuple(tuple((state, "skip") for state, _ in block) for block in _CELL)
    found, plain = (
        network_cost.measure(made_networks.build(each, 2, 3), 65, 65).stages[1]
        for each in (architecture, nas_genotypes.Architecture(skips, architecture.path))
    )
    assert found.multiply_adds == plain.multiply_adds + 17 * 17 * 3 * (7 + 7) * 2**2
    assert found.receptive_field == plain.receptive_field + 4 * 2 * (7 - 1)


def test_it_is_drawn(architecture):
    with_it, without = (
        np.asarray(cell.draw_cell((((0, name), (1, "skip")),))) for name in (_NAME, "atrous_3x3")
    )
    assert with_it.shape == without.shape and (with_it != without).any()
    draw_architecture(architecture)
    alpha = np.random.default_rng(0).normal(size=[5, 9])
    wide = heat_map.draw_alpha(by_logits.operation_weights(alpha, _CANDIDATES), 2, _CANDIDATES)
    narrow = heat_map.draw_alpha(np.full([5, 8], 1 / 8), 2)
    assert wide.width > narrow.width


@pytest.mark.slow
def test_a_search_chooses_it(unoptimized_graphs):  # noqa: F811
    supernet = held_to_oracle.make_supernet(
        num_layers=2, batch_norm_decay=0.0, operations=_CANDIDATES
    )
    assert supernet.alpha.shape == (5, 9)
    held_to_oracle.check_against_oracle(supernet, *held_to_oracle.make_batch(33, 49))
    alpha, beta = (variable.numpy() for variable in supernet.architecture_variables)
    alpha[:, -1] = 9.0
    found = by_logits.decode(alpha, beta, _CANDIDATES)
    assert {operation for block in found.cell for _, operation in block} == {_NAME}
    drawn = random_architecture.draw(0, 2, 20, _CANDIDATES)
    assert _NAME in {operation for block in drawn.cell for _, operation in block}
