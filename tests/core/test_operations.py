"""Every operation of the table is known in every room, and nothing else is."""

import keras
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes, nas_operations, operations
from deeplab_nas.core.cost import network_cost
from deeplab_nas.core.operations import Kind
from deeplab_nas.drawing import labels
from deeplab_nas.errors import UserError
from deeplab_nas.supernet.mixed_ops import MixedOps
from deeplab_nas.supernet.operations import OPERATION_SETS
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests.core import made_architectures, made_networks

_FILTERS = 4


def architecture(*names):
    """One cell that has the operations on its two inputs."""
    return nas_genotypes.Architecture(((tuple(enumerate(names))),), path=(0,))


def cell_cost(name):
    """The cost of a cell at stride 4 that has the operation on H^{l-1}, which sees most."""
    model = made_networks.build(architecture(name, "skip"), _FILTERS, 3, use_decoder=False)
    return network_cost.measure(model, 65, 65).stages[1]


def test_the_order_of_alphas_columns():
    assert (
        *("separable_3x3_2", "separable_5x5_2", "atrous_3x3", "atrous_5x5"),
        *("avg_pool_3x3", "max_pool_3x3", "skip", "zero"),
    ) == operations.SEARCH_OPERATIONS
    assert set(operations.discrete()) == set(made_architectures.OPERATIONS)
    assert set(operations.SEARCH_OPERATIONS) <= set(operations.TABLE)
    assert [entry.name for entry in operations.TABLE.values()] == list(operations.TABLE)


def space(operation_set, *candidates):
    return SupernetConfig(
        filter_multiplier=_FILTERS, operation_set=operation_set, operations=candidates
    )


@pytest.mark.parametrize("name", operations.discrete())
@pytest.mark.parametrize("stride", [1, 2])
def test_each_has_a_discrete_layer(name, stride):
    layer = nas_operations.make(name, _FILTERS, stride)
    layer.build((None, None, None, _FILTERS))
    images = tf.random.stateless_normal([1, 9, 8, _FILTERS], [0, 1])
    outputs = layer(images)
    assert outputs.shape == (1, -(-9 // stride), -(-8 // stride), _FILTERS)
    assert bool(layer.trainable_variables) == (
        operations.find(name).has_weights or (name == "skip" and stride == 2)
    )


@pytest.mark.parametrize("operation_set", OPERATION_SETS)
@pytest.mark.parametrize("name", operations.discrete())
def test_each_is_wide_or_free_of_parameters_in_the_supernet(name, operation_set):
    layer = MixedOps(1, 0, space(operation_set, name, "zero"))
    layer.build()
    entry = operations.find(name)
    assert list(layer.operations) == [name] * entry.has_weights
    assert list(layer.parameter_free) == [name] * (not entry.has_weights)
    assert bool(layer.trainable_variables) == entry.has_weights


@pytest.mark.parametrize("name", operations.TABLE)
def test_each_has_a_label_and_a_colour_of_its_own(name):
    assert len(labels.operation_color(name)) == 3
    own = labels.operation_label(name)
    assert [n for n in operations.TABLE if labels.operation_label(n) == own] == [name]


@pytest.mark.parametrize("name", operations.discrete())
def test_each_has_a_cost_and_a_receptive_field(name):
    entry, cost, skip = operations.find(name), cell_cost(name), cell_cost("skip")
    taps = [height * width for height, width in entry.kernels]
    products = {
        Kind.SEPARABLE: sum(n * _FILTERS + _FILTERS**2 for n in taps),
        Kind.CONVOLUTION: sum(n * _FILTERS**2 for n in taps),
    }
    assert cost.multiply_adds == skip.multiply_adds + 17 * 17 * products.get(entry.kind, 0)
    reach = sum((width - 1) * entry.rate for _, width in entry.kernels)
    assert cost.receptive_field == skip.receptive_field + 4 * reach


@pytest.mark.parametrize("name", ["conv_7x1_1x7", "none", ""])
def test_an_unknown_operation_is_an_error_everywhere(name):
    for use in (
        operations.find,
        labels.operation_label,
        labels.operation_color,
        lambda name: nas_operations.make(name, _FILTERS, 1),
        lambda name: space("official", name),
        lambda name: architecture("skip", name),
    ):
        with pytest.raises((ValueError, UserError), match="separable_3x3_1.*skip"):
            use(name)


@pytest.mark.parametrize("name", ["Convolution", "SeparableConvolution"])
def test_a_layer_is_itself_again_where_the_supernet_is_imported(name):
    layer = getattr(nas_operations, name)(_FILTERS, (3, 3), rate=2)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(copy) is type(layer)
    assert copy.get_config() == layer.get_config()


def test_zero_has_no_discrete_layer():
    with pytest.raises(KeyError):
        nas_operations.make("zero", _FILTERS, 1)
    with pytest.raises(ValueError, match="operation 'zero' is not of"):
        architecture("skip", "zero")
