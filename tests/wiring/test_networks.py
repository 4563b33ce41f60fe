"""What settings say of a network reaches every layer of it."""

import pytest
import tensorflow as tf

from deeplab_nas.core import nas_cell, nas_genotypes
from deeplab_nas.core.layers.batch_norm import BatchNorm
from deeplab_nas.core.layers.drop_path import DropPath
from deeplab_nas.core.layers.stepped_random import SteppedDropout
from deeplab_nas.core.network_config import NetworkConfig, TrainingOptions
from deeplab_nas.engine.networks import networks
from deeplab_nas.supernet.normalization import MovingStatistics
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig

_CELL = (((0, "separable_3x3_1"), (1, "skip")), ((1, "atrous_3x3"), (2, "max_pool_3x3")))
_ARCHITECTURE = nas_genotypes.Architecture(cell=_CELL, path=(0, 1, 0))
_OPTIONS = TrainingOptions(
    dropout_keep_prob=0.8,
    drop_path_keep_prob=0.6,
    training_number_of_steps=17,
    batch_norm_decay=0.7,
    synchronized=True,
    seed=5,
)


def layers_of(model, kind):
    return [layer for layer in model._flatten_layers() if isinstance(layer, kind)]


@pytest.fixture(scope="module")
def network():
    config = NetworkConfig(filter_multiplier=2, atrous_rates=(3, 5), image_pooling_crop_size=(9, 7))
    return networks.build(config, _ARCHITECTURE, 3, "bfloat16", _OPTIONS)


def test_training_options_reach_every_layer(network):
    norms = layers_of(network, BatchNorm)
    assert len(norms) > 10
    assert {(norm.decay, norm.synchronized, norm.folded) for norm in norms} == {(0.7, True, False)}
    (dropout,) = layers_of(network, SteppedDropout)
    assert (dropout.keep_prob, dropout.seed) == (0.8, 6)
    (dropped,) = layers_of(network, DropPath)
    assert (dropped.keep_prob, dropped.training_number_of_steps) == (0.6, 17)
    assert (dropped.num_cells, dropped.num_branches, dropped.seed) == (3, 4, 5)


def test_every_branch_of_every_cell_drops_by_its_own_draw(network, monkeypatch):
    seen, call = [], nas_cell.Block.call

    def draw(batch_size):
        drawn = 100.0 * tf.range(3.0)[:, None] + tf.range(4.0)
        return drawn[:, :, None, None, None, None] * tf.ones([batch_size, 1, 1, 1])

    def seen_call(block, states, path_factors=None, training=False):
        seen.append(path_factors[:, 0, 0, 0, 0].numpy().tolist())
        return call(block, states, path_factors, training)

    monkeypatch.setattr(network.backbone.drop_path, "draw", draw)
    monkeypatch.setattr(nas_cell.Block, "call", seen_call)
    network.backbone(tf.zeros([2, 9, 9, 3]), training=True)
    assert seen == [
        [100 * cell + 2 * b, 100 * cell + 2 * b + 1] for cell in range(3) for b in (0, 1)
    ]


def test_the_precision_reaches_every_layer(network):
    assert {layer.compute_dtype for layer in layers_of(network, BatchNorm)} == {"bfloat16"}
    assert network.logits.compute_dtype == "bfloat16"
    assert {variable.dtype for variable in network.trainable_variables} == {"float32"}


def test_the_head_is_that_of_the_settings(network):
    assert list(network.aspp.atrous_rates) == [3, 5]
    assert tuple(network.aspp.image_pooling_crop_size) == (9, 7)
    assert network.num_classes == network.logits.kernel.shape[-1] == 3


def test_without_options_nothing_is_random():
    plain = networks.build(NetworkConfig(filter_multiplier=2), _ARCHITECTURE, 3)
    assert plain.training_options == TrainingOptions()
    assert not layers_of(plain, DropPath)


def test_a_decay_reaches_every_layer_of_a_supernet():
    supernet = Supernet(
        3, SupernetConfig(num_layers=2, num_blocks=1, filter_multiplier=1, batch_norm_decay=0.6)
    )
    supernet.build()
    statistics = layers_of(supernet, MovingStatistics)
    # The stem, the nodes of both layers and the heads.
    assert len(statistics) >= 1 + 5 + 3
    assert {layer.decay for layer in statistics} == {0.6}
