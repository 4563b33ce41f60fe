"""Costs and scores of candidates are what they are in one process, and are measured once."""

import dataclasses
import json

import numpy as np
import pytest

from deeplab_nas.core import random_architecture
from deeplab_nas.core.cost import network_cost
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.errors import UserError
from deeplab_nas.selection.pool import candidate_costs, cost_cache, latency, untrained_scores
from deeplab_nas.selection.pool.candidate_costs import Asked
from tests import trained_runs

_CONFIG = NetworkConfig(
    filter_multiplier=2, aspp_convs_filters=4, decoder_filters=4, atrous_rates=(1,)
)
_IMAGES = np.random.RandomState(0).uniform(0, 255, [2, 17, 17, 3]).astype(np.float32)
_ASKED = Asked(_CONFIG, 3, (33, 49), _IMAGES, seeds=(3, 4))
_POOL = [trained_runs.ARCHITECTURE, random_architecture.draw(1, 2, 1)]


def measured_here(architecture):
    networks = [untrained_scores.untrained(architecture, _CONFIG, 3, seed) for seed in (3, 4)]
    cost = network_cost.measure(networks[0], 33, 49)
    return candidate_costs.Costs(
        multiply_adds=cost.multiply_adds,
        parameters=cost.trainable_parameters,
        activation_bytes=cost.activation_bytes,
        **dataclasses.asdict(untrained_scores.of_networks(networks, _IMAGES)),
    )


@pytest.mark.slow
def test_an_interrupted_pass_goes_on(tmp_path):
    cache, told = tmp_path / "costs.json", []

    def stop(done, count):
        told.append((done, count))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        candidate_costs.measure([*_POOL, _POOL[0]], _ASKED, cache, 1, done=stop)
    found = candidate_costs.measure(
        [*_POOL, _POOL[0]], _ASKED, cache, 1, lambda *counts: told.append(counts)
    )
    assert told == [(1, 2), (1, 1)]
    assert found[0] == found[2]
    for costs, architecture in zip(found, _POOL, strict=False):
        expected = measured_here(architecture)
        assert costs.naswot == pytest.approx(expected.naswot, rel=1e-5)
        assert costs.jacob_cov == pytest.approx(expected.jacob_cov, rel=1e-3)
        scores = {"naswot": costs.naswot, "jacob_cov": costs.jacob_cov}
        assert costs == dataclasses.replace(expected, **scores)


def measured_in_this_process(part, waiting, asked, processes, threads):
    candidate_costs._asked = asked
    for key, candidate in waiting.items():
        yield key, part.measure(candidate)


def test_what_is_asked_and_not_how_is_measured_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(candidate_costs, "_in_processes", measured_in_this_process)
    monkeypatch.setattr(candidate_costs, "_asked", None)
    cache, told = tmp_path / "costs.json", []

    def measure(**asked):
        told.clear()
        asked = dataclasses.replace(_ASKED, images=None, **asked)
        (found,) = candidate_costs.measure(
            _POOL[:1], asked, cache, 1, lambda *counts: told.append(counts)
        )
        return found

    first = measure()
    assert first.naswot is None and first.latency is None and told
    named = dataclasses.replace(_CONFIG, architecture="another.json")
    assert measure(network=named) == first and not told
    assert measure(size=(17, 17)).multiply_adds < first.multiply_adds and told
    timed = measure(latency=True)
    assert len(told) == 1 and timed.latency > 0
    assert dataclasses.replace(timed, latency=None) == first


def fill(path):
    cache = cost_cache.CostCache(path)
    cache.add("a", {"naswot": -np.inf, "jacob_cov": 0.1})
    cache.add("b", {"multiply_adds": 2**60})
    return cost_cache.CostCache(path)


def test_the_cache_returns_what_was_written(tmp_path):
    cache = fill(tmp_path / "costs.json")
    assert "a" in cache and "c" not in cache
    assert cache.numbers("a", ("jacob_cov", "naswot")) == {"naswot": -np.inf, "jacob_cov": 0.1}
    assert cache.numbers("b", ("multiply_adds",)) == {"multiply_adds": 2**60}


@pytest.mark.parametrize(
    "change",
    [{"format": "other"}, {"version": 2}, {"measured": []}, {"measured": {"a": {"naswot": 1}}}],
)
def test_another_file_is_refused(tmp_path, change):
    path = tmp_path / "costs.json"
    fill(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError, match=f"{path}.*remove the file"):
        cost_cache.CostCache(path).numbers("a", ("jacob_cov", "naswot"))


def test_a_latency_is_measured_in_half_precision_too():
    assert latency.measure(_POOL[0], _CONFIG, 3, (17, 33), "bfloat16") > 0
