"""A selection from its candidates to its winner, with made-up trainings."""

import dataclasses
import json

import numpy as np
import pytest

from deeplab_nas.core import nas_genotypes, random_architecture
from deeplab_nas.core.cost import network_cost
from deeplab_nas.data import pipeline
from deeplab_nas.engine.networks import networks
from deeplab_nas.selection import selection
from deeplab_nas.selection.board import leaderboard, standings
from deeplab_nas.selection.pool import candidate_costs
from deeplab_nas.selection.pool.band import BandConfig
from deeplab_nas.selection.pool.candidate_costs import Costs
from deeplab_nas.selection.pool.filter_config import FilterConfig
from deeplab_nas.selection.select_config import PoolConfig, SelectConfig
from deeplab_nas.selection.trainings import short_training
from tests import refusals, trained_runs
from tests.selection import made_tables
from tests.selection.study.test_worker import Trainings

POOL = PoolConfig(random=7, num_layers=3, num_blocks=2)


@pytest.fixture
def trainings(monkeypatch):
    """Stand for the trainings and the costs, of which a candidate's are its number of skips."""
    made = Trainings()
    monkeypatch.setattr(short_training, "run", made)

    def measure(architectures, asked, cache):
        return [Costs(1000 + each.to_json().count("skip"), 10, 100) for each in architectures]

    monkeypatch.setattr(candidate_costs, "measure", measure)
    return made


def made_config(shards, folder, **settings):
    training = trained_runs.make_config(shards, folder / "study")
    given = {field.name: getattr(training, field.name) for field in dataclasses.fields(training)}
    return SelectConfig(**{**given, "pool": POOL, "rungs": (2,), "finalists": 2, **settings})


def test_it_ends_with_a_winner_and_what_it_leaves(shards, tmp_path, trainings):
    board = selection.run(made_config(shards, tmp_path))
    study = tmp_path / "study"
    assert leaderboard.load(study / "leaderboard.json") == board
    best = standings.rank(board)[0].candidate
    assert len(best.trainings) == 4
    assert nas_genotypes.load(study / "architecture.json") == best.architecture
    assert board.arms[0].best == best.name
    (spent,) = board.arms
    steps = sum(each.steps for candidate in board.candidates for each in candidate.trainings)
    assert (spent.networks, spent.steps) == (7, steps)
    assert steps == sum(2 if "steps2" in name else 6 for name in trainings.done)
    for name in ("leaderboard.html", "leaderboard.png", "winner_card.md"):
        assert (study / name).stat().st_size > 0
    # Again it trains nothing, and says the same.
    count = len(trainings.done)
    assert selection.run(made_config(shards, tmp_path)) == board
    assert len(trainings.done) == count


def test_a_band_leaves_candidates_out(shards, tmp_path, trainings):
    band = BandConfig(band="multiply_adds", band_highest=1000.0)
    board = selection.run(made_config(shards, tmp_path, band=band))
    drawn = [random_architecture.draw(seed, 3, 2) for seed in range(1, 8)]
    within = [each for each in drawn if "skip" not in each.to_json()]
    assert 0 < len(within) < 7
    assert {candidate.architecture for candidate in board.candidates} == set(within)


@pytest.mark.slow
def test_costs_are_measured_where_there_is_no_folder_yet(shards, tmp_path, monkeypatch):
    monkeypatch.setattr(short_training, "run", Trainings())
    band = BandConfig(band="parameters", band_share=0.005)
    pool = PoolConfig(random=3, num_layers=1, num_blocks=1)
    config = made_config(shards, tmp_path / "above", band=band, pool=pool)
    board = selection.run(config)
    found = {candidate.name: candidate.parameters for candidate in board.candidates}
    (train, _), built = pipeline.splits(config.data), {}
    for seed in (1, 2, 3):
        drawn = random_architecture.draw(seed, 1, 1)
        model = networks.build(config.network, drawn, train.descriptor.num_classes)
        built[f"random_{seed}"] = network_cost.measure(model, 17, 17).trainable_parameters
    middle = sorted(built.values())[1]
    within = {name: count for name, count in built.items() if abs(count / middle - 1) <= 0.005}
    assert found == within and 0 < len(found) < 3


def test_a_score_that_has_passed_its_gate_leaves_candidates_out(
    shards, tmp_path, trainings, monkeypatch
):
    def measure(architectures, asked, cache):
        assert asked.images.shape == (16, 17, 17, 3)
        counts = [each.to_json().count("skip") for each in architectures]
        return [Costs(1000, 10, 100, naswot=count, jacob_cov=-np.inf) for count in counts]

    monkeypatch.setattr(candidate_costs, "measure", measure)
    rows = [
        made_tables.row(f"random_{number}", [miou], scores={"naswot": miou, "jacob_cov": 1.0})
        for number, miou in enumerate(np.linspace(0.2, 0.5, 30))
    ]
    table = dataclasses.replace(made_tables.table(rows), about={"data set": "shapes"})
    table.save(tmp_path / "table.json")
    given = {"filter_table_path": str(tmp_path / "table.json"), "filter_one_of": 2}
    config = made_config(shards, tmp_path, filter=FilterConfig(filter_score="naswot", **given))
    board = selection.run(config)
    skips = [random_architecture.draw(seed, 3, 2).to_json().count("skip") for seed in range(1, 8)]
    found = [candidate.scores for candidate in board.candidates]
    assert len(found) == 3 and sum(each["naswot"] for each in found) == sum(sorted(skips)[-3:])
    assert all(list(each) == ["naswot"] for each in found)
    failing = FilterConfig(filter_score="jacob_cov", **given)
    with refusals.refused("jacob_cov does not"):
        selection.run(made_config(shards, tmp_path / "other", filter=failing))


def test_a_band_that_nobody_meets_is_refused(shards, tmp_path, trainings):
    band = BandConfig(band="multiply_adds", band_highest=1.0)
    with refusals.refused("candidates with multiply_adds", "to 1", "found 7"):
        selection.run(made_config(shards, tmp_path, band=band))
    assert not trainings.done


def test_a_storage_that_is_refused_leaves_no_folder(shards, tmp_path, trainings):
    with refusals.refused("--storage=sqlite:////absent/x.db", "does not answer"):
        selection.run(made_config(shards, tmp_path / "above", storage="sqlite:////absent/x.db"))
    assert not (tmp_path / "above" / "study").exists()


def test_other_settings_or_candidates_are_refused(shards, tmp_path, trainings):
    random_architecture.draw(1, 3, 2).save(tmp_path / "one.json")
    pool = PoolConfig(architectures=(str(tmp_path / "one.json"),))
    config = made_config(shards, tmp_path, pool=pool)
    selection.run(config)
    for settings in ({"finalists": 1}, {"rungs": (3,)}):
        (name,) = settings
        with refusals.refused(f"--{name} is", "there and", "here", "Give the old values"):
            selection.run(dataclasses.replace(config, **settings))
    # Where the candidates lie and how the storage is called is another matter on each machine.
    (tmp_path / "there").mkdir()
    random_architecture.draw(1, 3, 2).save(tmp_path / "there" / "one.json")
    there = PoolConfig(architectures=(str(tmp_path / "there" / "one.json"),))
    count = len(trainings.done)
    journal = f"sqlite:///{tmp_path}/study.db"
    for storage in (journal, f"{journal}?timeout=20"):
        selection.run(dataclasses.replace(config, pool=there, storage=storage))
    selection.run(dataclasses.replace(config, pool=there))
    assert len(trainings.done) == count
    random_architecture.draw(2, 3, 2).save(tmp_path / "one.json")
    with refusals.refused("the files of the candidates are others"):
        selection.run(config)


def test_a_storage_that_does_not_answer_is_refused_without_its_password(
    shards, tmp_path, trainings
):
    config = made_config(shards, tmp_path, storage="postgresql://me:secret@127.0.0.1:1/study")
    with refusals.refused("--storage=postgresql://me:***@127.0.0.1:1/study", "does not answer"):
        selection.run(config)
    assert not trainings.done


def test_the_document_of_the_study_says_what_it_was_begun_with(shards, tmp_path, trainings):
    selection.run(made_config(shards, tmp_path))
    journal = (tmp_path / "study" / "study.journal").read_text().splitlines()
    begun = [line for line in journal if "begun with" in line]
    assert len(begun) == 1
    assert "random_7" in json.loads(json.loads(begun[0])["user_attr"]["begun with"])["pool"]
