"""A search of second order that looks at its Hessian: what it tells, also after a kill."""

import dataclasses
import json
import pathlib

import pytest
from PIL import Image

from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.hessian import HessianConfig
from deeplab_nas.engine.configs.search import SearchConfig, SearchOptimization
from deeplab_nas.engine.reporting import search_sharpness
from deeplab_nas.engine.scoring.lanczos import Spectrum
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests import refusals, trained_runs
from tests.wiring import kills


def made_config(dataset_dir, run, **settings):
    hessian = {"hessian_every_epochs": 2, "hessian_batch_size": 1, "hessian_crop_size": (9, 9)}
    return SearchConfig(
        train_logdir=str(run),
        data=trained_runs.make_data(dataset_dir),
        supernet=SupernetConfig(num_layers=1, num_blocks=1, filter_multiplier=2),
        epochs=3,
        architecture_start_epoch=1,
        optimization=SearchOptimization(architecture_gradient="second"),
        operations_per_edge=(5,),
        decoding=trained_runs.NOTHING_RATED,
        hessian=HessianConfig(**{**hessian, **settings}),
    )


def epochs_of(config):
    lines = pathlib.Path(config.train_logdir, "history.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["kind"] == "epoch"]


@pytest.mark.slow
def test_a_killed_search_goes_on_to_the_same_eigenvalues(shards, tmp_path, monkeypatch):
    whole = made_config(shards, tmp_path / "whole")
    search_loop.run(whole)
    expected = epochs_of(whole)
    measured = ["hessian_largest" in record for record in expected]
    # Every second one, and the last one, after operations were given up.
    assert measured == [False, True, True]
    assert Image.open(tmp_path / "whole" / "hessian.png").size[0] > 100
    killed = dataclasses.replace(whole, train_logdir=str(tmp_path / "killed"))
    with kills.after_step(5, monkeypatch):
        search_loop.run(killed)
    search_loop.run(killed)
    for record, other in zip(expected, epochs_of(killed), strict=True):
        for name in (*search_sharpness.NUMBERS, "miou", "alpha_entropy", "path"):
            assert record.get(name) == other.get(name), name


def test_numbers_of_a_spectrum():
    found = search_sharpness.measured(Spectrum(smallest=-1.0, largest=4.0, products=7))
    assert found == {
        "hessian_largest": 4.0,
        "hessian_smallest": -1.0,
        "hessian_ratio": -0.25,
        "hessian_products": 7,
    }
    assert search_sharpness.measured(Spectrum(0.0, 0.0, 1))["hessian_ratio"] == 0.0


def test_more_images_than_there_are_are_refused(shards, tmp_path):
    config = made_config(shards, tmp_path / "run", hessian_batch_size=10**6)
    with refusals.refused("--hessian_batch_size", "found 1000000"):
        search_loop.run(config)
    assert not (tmp_path / "run").exists()
