"""Bands on made numbers."""

import dataclasses
import types

import pytest

from deeplab_nas.errors import UserError
from deeplab_nas.selection.pool import band
from deeplab_nas.selection.pool.band import BandConfig

COSTS = {
    name: types.SimpleNamespace(multiply_adds=number, latency=number / 1000)
    for name, number in {"a": 80, "b": 90, "c": 100, "d": 110, "e": 200}.items()
}


def keep(config, middle=None):
    return band.kept(band.limits(config, COSTS.values(), middle), COSTS)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"band": "multiply_adds", "band_share": 0.1}, "bcd"),
        ({"band": "multiply_adds", "band_share": 1.0}, "abcde"),
        ({"band": "multiply_adds", "band_lowest": 90}, "bcde"),
        ({"band": "multiply_adds", "band_highest": 90}, "ab"),
        ({"band": "multiply_adds", "band_lowest": 100, "band_highest": 100}, "c"),
        ({"band": "latency", "band_highest": 0.105}, "abc"),
    ],
)
def test_what_is_within_the_limits_is_kept_in_order(settings, expected):
    found = keep(BandConfig(**settings))
    assert list(found) == list(expected)
    assert all(found[name] is COSTS[name] for name in found)


def test_the_middle_may_be_the_cost_of_an_architecture():
    config = BandConfig(band="multiply_adds", band_share=0.5, band_middle_path="auto_deeplab")
    middle = types.SimpleNamespace(multiply_adds=180)
    assert list(keep(config, middle)) == ["b", "c", "d", "e"]
    with pytest.raises(ValueError, match="middle"):
        keep(config)
    with pytest.raises(ValueError, match="middle"):
        keep(dataclasses.replace(config, band_middle_path=""), middle)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"band_lowest": 201}, r"multiply_adds from 201, found 5 with 80 to 200"),
        ({"band_lowest": 101, "band_highest": 109}, r"from 101 to 109, found 5 with 80 to 200"),
        ({"band": "latency", "band_highest": 0.01}, r"from 0 s to 0.01 s, found .*0.08 s to 0.2 s"),
    ],
)
def test_a_band_that_nobody_meets_tells_the_range(settings, told):
    with pytest.raises(UserError, match=told):
        keep(BandConfig(**{"band": "multiply_adds", **settings}))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"band_share": 0.1}, "Expected --band with"),
        ({"band_middle_path": "auto_deeplab"}, "Expected --band with"),
        ({"band": "flops", "band_share": 0.1}, "multiply_adds, parameters"),
        ({"band": "latency"}, "found neither"),
        ({"band": "latency", "band_share": 0.1, "band_lowest": 1.0}, "found both"),
        ({"band": "latency", "band_lowest": 1.0, "band_middle_path": "a"}, "Expected --band_share"),
        ({"band": "latency", "band_lowest": 2.0, "band_highest": 1.0}, "at or below"),
        ({"band": "latency", "band_share": 0.0}, "band_share"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, told):
    with pytest.raises(UserError, match=told):
        BandConfig(**settings)


def test_a_share_needs_a_middle():
    config = BandConfig(band="parameters", band_share=0.1)
    with pytest.raises(UserError, match="found none before some are proposed: give --band_middle"):
        band.limits(config, [])
    assert band.limits(dataclasses.replace(config, band_share=None, band_highest=3.0), [])
