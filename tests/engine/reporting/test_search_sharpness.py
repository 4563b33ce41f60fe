"""A search of second order that looks at its Hessian: what it tells, also after a kill."""

import dataclasses
import json
import pathlib

import pytest
from PIL import Image

from deeplab_nas.core import nas_genotypes
from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.hessian import HessianConfig
from deeplab_nas.engine.configs.search import SearchOptimization
from deeplab_nas.engine.reporting import search_sharpness
from deeplab_nas.engine.scoring import early_stop
from deeplab_nas.engine.scoring.lanczos import Spectrum
from tests import refusals
from tests.engine import test_search_loop
from tests.wiring import kills


def made_config(dataset_dir, run, **settings):
    hessian = {"hessian_every_epochs": 2, "hessian_batch_size": 1, "hessian_crop_size": (9, 9)}
    return test_search_loop.made_config(
        *(dataset_dir, run),
        epochs=3,
        optimization=SearchOptimization(architecture_gradient="second"),
        operations_per_edge=(5,),
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


class Rising:
    """In the place of the Hessian: a largest eigenvalue that doubles at each look."""

    def __init__(self, *_):
        pass

    def trace(self):
        """Nothing."""

    def spectrum(self, images, labels, step):
        return Spectrum(smallest=0.0, largest=2.0**step, products=2)


def test_a_search_that_stops_early_returns_an_earlier_architecture(shards, tmp_path, monkeypatch):
    monkeypatch.setattr(search_loop, "ArchitectureHessian", Rising)
    config = dataclasses.replace(
        made_config(
            *(shards, tmp_path / "run"),
            **{"hessian_every_epochs": 1, "early_stop": True, "early_stop_window": 1},
            **{"early_stop_offset": 2, "early_stop_min_epoch": 2},
        ),
        epochs=8,
        operations_per_edge=(),
        optimization=SearchOptimization(architecture_learning_rate=1.0),
    )
    # Between the record that ends it and the checkpoint.
    with kills.after_step(8, monkeypatch):
        search_loop.run(config)
    records = search_loop.run(config)
    # The second epoch's may be returned, two before the fourth.
    assert [record["epoch"] for record in records] == [1, 2, 3, 4]
    run = tmp_path / "run"
    found = nas_genotypes.load(str(run / "architecture.json"))
    by_epoch = [nas_genotypes.load(str(path)) for path in sorted((run / "architectures").iterdir())]
    assert len(by_epoch) == 4 and found == by_epoch[1] != by_epoch[3]
    # Once it is over it is over.
    assert search_loop.run(config) == records
    assert nas_genotypes.load(str(run / "architecture.json")) == found
    stop = early_stop.find(config.hessian, records)
    ((name, text),) = search_sharpness.rows(stop)
    assert name == "stopped early"
    assert "after epoch 4" in text and "of epoch 2" in text
    assert search_sharpness.rows(None) == []
