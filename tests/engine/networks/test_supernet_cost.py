"""What a supernet costs, beside its textbook form."""

import collections

import pytest
import tensorflow as tf

from deeplab_nas.engine.networks import supernet_cost
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests.supernet import per_edge_supernet


@pytest.mark.parametrize("fixed_path", [(), (1, 1)])
def test_multiply_adds_are_those_of_the_edges_one_by_one(fixed_path, monkeypatch):
    counted = []

    def count(output, kernel, channels):
        counted.append(output.shape[1] * output.shape[2] * kernel.shape[0] ** 2 * channels)
        return output

    by_hand, of_channels = per_edge_supernet.convolve, per_edge_supernet.depthwise

    def convolve(x, kernel, stride=1, rate=1):
        output = by_hand(x, kernel, stride, rate)
        return count(output, kernel, kernel.shape[2] * kernel.shape[3])

    def depthwise(x, kernel, rate=1):
        before = len(counted)
        output = of_channels(x, kernel, rate)
        # It is written as a whole convolution there.
        del counted[before:]
        return count(output, kernel, kernel.shape[2])

    monkeypatch.setattr(per_edge_supernet, "convolve", convolve)
    monkeypatch.setattr(per_edge_supernet, "depthwise", depthwise)
    config = SupernetConfig(num_layers=2, num_blocks=2, filter_multiplier=4, fixed_path=fixed_path)
    supernet = Supernet(3, config, name="supernet")
    supernet.build()
    variables = per_edge_supernet.named_variables(supernet)
    statistics = collections.defaultdict(list)
    per_edge_supernet.logits(supernet, variables, tf.zeros([1, 33, 49, 3]), statistics)
    found = supernet_cost.measure(config, 3, 33, 49)
    # The sum over the cells of a node is a convolution too.
    assert sum(counted) <= found <= 1.01 * sum(counted)
    assert sum(counted) > 1e6
