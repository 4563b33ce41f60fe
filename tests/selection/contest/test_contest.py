"""A contest from its arms to what they are worth, with made-up trainings."""

import dataclasses

import numpy as np
import pytest

from deeplab_nas.engine.scoring import metrics
from deeplab_nas.engine.scoring.image_matrices import ImageMatrices
from deeplab_nas.errors import StoppedError
from deeplab_nas.selection import selection
from deeplab_nas.selection.board import leaderboard
from deeplab_nas.selection.contest.contest_config import ContestConfig
from deeplab_nas.selection.pool import candidate_costs
from deeplab_nas.selection.pool.band import BandConfig
from deeplab_nas.selection.pool.candidate_costs import Costs
from deeplab_nas.selection.select_config import PoolConfig, SelectConfig
from deeplab_nas.selection.trainings import short_training
from tests import trained_runs
from tests.selection.study.test_worker import Trainings, worth

ARMS = ("random", "halving", "tpe", "evolution")


class JudgedTrainings(Trainings):
    """Trainings that leave the matrices of 3 images where they are asked for."""

    def __call__(self, config, folder, by_image=False):
        result = super().__call__(config, folder)
        if by_image:
            made_matrices(worth(config)).save(folder / "image_matrices.npz")
        return result


def made_matrices(quality):
    right = round(1000 * quality)
    labelled = np.array([[right, 1000 - right], [1000 - right, right]])
    return ImageMatrices(("a", "b", "c"), np.stack([labelled, 2 * labelled, 3 * labelled]))


@pytest.fixture
def trainings(monkeypatch):
    made = JudgedTrainings()
    monkeypatch.setattr(short_training, "run", made)

    def measure(architectures, asked, cache):
        return [Costs(1000 + each.to_json().count("skip"), 10, 100) for each in architectures]

    monkeypatch.setattr(candidate_costs, "measure", measure)
    return made


def made_config(shards, folder, arms=ARMS, **settings):
    training = trained_runs.make_config(shards, folder / "study")
    given = {field.name: getattr(training, field.name) for field in dataclasses.fields(training)}
    return SelectConfig(
        **{
            **given,
            "pool": PoolConfig(random=1, num_layers=3, num_blocks=2),
            "contest": ContestConfig(arms=arms, repetitions=3),
            "rungs": (2,),
            "budget_steps": 30,
            **settings,
        }
    )


def test_arms_are_judged_by_trainings_that_chose_nothing(shards, tmp_path, trainings):
    board = selection.run(made_config(shards, tmp_path))
    assert leaderboard.load(tmp_path / "study" / "leaderboard.json") == board
    assert [arm.name for arm in board.arms] == list(ARMS)
    assert [each.arm for each in board.judgements] == list(ARMS)
    # Each training once, whichever arms wanted it.
    assert len(trainings.done) == len(set(trainings.done))
    for arm, judged in zip(board.arms, board.judgements, strict=True):
        assert 0 < arm.steps <= 3 * 30
        assert arm.best in judged.picks and len(judged.picks) == 3
        assert judged.seeds == 2
        for pick, miou in zip(judged.picks, judged.mious, strict=True):
            # By seeds 2 and 3, where seed 1 has chosen.
            whole = {each.seed: each.miou for each in board.candidate(pick).trainings[-3:]}
            assert set(whole) >= {2, 3}
            made = (made_matrices(whole[seed]).matrices.sum(axis=0) for seed in (2, 3))
            assert miou == pytest.approx(np.mean([metrics.mean_iou(each) for each in made]))
    random, *others = board.judgements
    assert random.lead is None
    for judged in others:
        differences = np.subtract(judged.mious, random.mious)
        assert judged.lead.miou == pytest.approx(differences.mean())
        assert judged.lead.low <= judged.lead.miou <= judged.lead.high
    # Twice as many drawn at a time find more skips.
    assert board.judgements[1].lead.miou >= 0


@pytest.mark.slow
def test_stopped_anywhere_it_ends_with_the_same(shards, tmp_path, monkeypatch, trainings):
    expected = selection.run(made_config(shards, tmp_path / "whole"))
    for stop_at in (2, len(trainings.done) - 1):
        stopped = JudgedTrainings(stop_at)
        monkeypatch.setattr(short_training, "run", stopped)
        config = made_config(shards, tmp_path / f"stopped{stop_at}")
        with pytest.raises(StoppedError):
            selection.run(config)
        assert selection.run(config) == expected


def test_what_is_proposed_is_within_the_band(shards, tmp_path, trainings):
    band = BandConfig(band="multiply_adds", band_highest=1001.0)
    board = selection.run(made_config(shards, tmp_path, band=band))
    assert len(board.candidates) > 5
    assert all(each.multiply_adds <= 1001 for each in board.candidates)
    assert any(each.name.startswith("evolution_") for each in board.candidates)
