"""The networks are the official ones to the digit."""

import shutil

import numpy as np
import pytest

from tests import official_parity, places

_SEGMENTER = "fixtures/official_segmenter_a"


@pytest.mark.parametrize(
    "name", [pytest.param("official_hnasnet_a", marks=pytest.mark.slow), "official_pnasnet_a"]
)
def test_backbone(name):
    result = official_parity.compare(places.FIXTURES / name)
    assert official_parity.agrees(result), result
    assert {"Stem", "Cell_0", "Cell_11", "net"} <= result["endpoints"].keys()
    if name == "official_hnasnet_a":
        assert "training_mode/Cell_11" in result["endpoints"]
        assert result["moving_statistics_relative_difference"] > 0.0


@pytest.mark.slow
@places.needs_shared(_SEGMENTER)
def test_segmenter():
    result = official_parity.compare(places.SHARED / _SEGMENTER)
    assert official_parity.agrees(result), result
    expected = {"logits", "logits_resized", "aspp", "decoder", "low_level", "backbone_features"}
    assert expected | {"ms_prob", "regularization_loss_wd_4e5"} == result["endpoints"].keys()
    assert result["wrong_pixels"] == {"prediction": 0, "ms_prediction": 0}


def test_a_difference_is_noticed(tmp_path):
    directory = tmp_path / "fixture"
    shutil.copytree(places.FIXTURES / "official_pnasnet_a", directory)
    endpoints = dict(np.load(directory / "endpoints.npz"))
    endpoints["Cell_7"][0, 0, 0, 0] += 1e-2
    np.savez(directory / "endpoints.npz", **endpoints)
    result = official_parity.compare(directory)
    assert not official_parity.agrees(result)
    assert result["endpoints"]["Cell_7"]["times_noise_floor"] > 5
    assert result["endpoints"]["Cell_6"]["times_noise_floor"] <= 5
