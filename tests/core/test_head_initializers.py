"""The heads begin as the official ones do."""

import json

import numpy as np
import pytest

from deeplab_nas.core import nas_genotypes, official_checkpoint
from tests import places
from tests.core import made_architectures, made_networks, test_nas_network

_STATISTICS = places.FIXTURES / "official_init_stats_F20.json"


def test_initial_values_of_the_official_code():
    # Two cells with the channels of the official network's output and low-level features.
    architecture = nas_genotypes.Architecture(nas_genotypes.auto_deeplab().cell, (0, 1))
    model = made_networks.build(architecture, 20, 19)
    found = official_checkpoint.official_variables(model)
    entries = json.loads(_STATISTICS.read_text(encoding="utf-8"))
    entries = [entry for entry in entries if not entry["name"].startswith("hnasnet/")]
    assert len(entries) > 40
    for entry in entries:
        test_nas_network.check_initial_value(found[entry["name"]].numpy(), entry)


def test_separable_kernels_are_truncated_normals():
    options = {"aspp_with_separable_conv": True, "use_decoder": False}
    model = made_networks.build(made_architectures.MIXED, 8, 5, **options)
    found = official_checkpoint.official_variables(model)
    for name, deviation in (
        ("aspp1_depthwise/depthwise_weights", 0.33),
        ("aspp1_pointwise/weights", 0.06),
    ):
        value = found[name].numpy()
        # The standard deviation after cutting at two.
        assert value.std() == pytest.approx(0.88 * deviation, rel=0.1)
        assert np.abs(value).max() <= 2 * deviation
