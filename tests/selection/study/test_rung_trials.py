"""Trials that several workers share: each training once, and none is lost."""

import contextlib

import optuna
import pytest

from deeplab_nas.core import random_architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.selection.study import search_space
from deeplab_nas.selection.study.pulse import Pulse
from deeplab_nas.selection.study.rung_trials import Claim, RungTrials
from deeplab_nas.selection.study.storage import open_storage
from tests.selection import databases

SPACE = search_space.distributions(3, 2, SEARCH_OPERATIONS)
ARCHITECTURE = random_architecture.draw(1, 3, 2)


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def address(request, tmp_path):
    """Of an empty storage."""
    if request.param == "journal":
        return ""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/study.db"
    return request.getfixturevalue("postgresql")


postgresql = databases.postgresql


@pytest.fixture
def two(address, tmp_path):
    """The same trials as two workers see them, and the second one's pulse."""
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(2):
            storage = open_storage(address, str(tmp_path))
            pulse = stack.enter_context(Pulse(storage, str(tmp_path)))
            made += [RungTrials(storage, "select", (100, 200), SPACE, pulse), pulse]
        yield made[0], made[2], made[3]


def test_what_one_has_claimed_the_other_has_not(two):
    here, there, _ = two
    wanted = Claim(0, "a", ARCHITECTURE)
    assert here.claim(wanted)
    assert not there.claim(wanted)
    assert here.begun() == there.begun() == [["a"], []]
    assert there.others_run() and not here.others_run()
    assert here.finish(wanted, {"miou": 0.5, "class_iou": {"sky": 0.25}})
    assert not there.claim(wanted)
    assert there.finished() == [{"a": 0.5}, {}]
    assert there.documents() == [[{"miou": 0.5, "class_iou": {"sky": 0.25}}], []]
    assert there.architectures() == {"a": ARCHITECTURE}
    assert not there.given_back() and not there.others_run()
    # Another rung is another training.
    assert there.claim(Claim(1, "a", ARCHITECTURE))


def test_what_is_given_back_is_claimed_again_the_highest_rung_first(two):
    here, there, _ = two
    for rung, name in ((0, "a"), (1, "b"), (0, "c")):
        assert here.claim(Claim(rung, name, ARCHITECTURE))
        if name != "c":
            here.give_back(Claim(rung, name, ARCHITECTURE))
    assert [(claim.rung, claim.candidate) for claim in there.given_back()] == [(1, "b"), (0, "a")]
    for claim in there.given_back():
        assert there.claim(claim)
    assert not here.given_back()


def test_of_the_dead_everything_is_given_back_and_nothing_counts_any_more(two, monkeypatch):
    here, there, pulse = two
    wanted = Claim(1, "a", ARCHITECTURE)
    assert there.claim(wanted) and not here.given_back()
    monkeypatch.setattr(here._pulse, "has_stopped", lambda worker: worker == pulse.worker)
    (claim,) = here.given_back()
    assert (claim.rung, claim.candidate, claim.architecture) == (1, "a", ARCHITECTURE)
    assert here.claim(claim)
    # It was not dead after all.
    assert not there.finish(wanted, {"miou": 0.9})
    assert here.finish(claim, {"miou": 0.5})
    assert there.finished() == [{}, {"a": 0.5}]


@pytest.mark.parametrize("address", ["journal"], indirect=True)
@pytest.mark.parametrize("sampler", [optuna.samplers.TPESampler, optuna.samplers.NSGAIISampler])
def test_a_sampler_proposes_by_its_seed_and_by_what_was_learned(two, sampler):
    here, there, _ = two

    def proposed(trials, seed):
        return trials.propose(sampler(seed=seed), "proposal_1")

    claims = [proposed(trials, seed) for trials, seed in ((here, 7), (there, 7), (here, 8))]
    assert claims[0] == claims[1] and claims[0].architecture != claims[2].architecture
    assert here.begun() == [[], []]
    assert here.claim(claims[0]) and not there.claim(claims[1])
    # What fails is not learned from, and is the same when it is claimed again.
    before = proposed(there, 9)
    here.give_back(claims[0])
    (again,) = there.given_back()
    assert again == claims[0]
    assert there.claim(again)
    assert proposed(here, 9) == before


@pytest.mark.parametrize("address", ["journal"], indirect=True)
def test_what_was_good_is_proposed_again_and_again(two):
    """Of two operations one is better: after 30 trials it is what TPE proposes mostly."""
    here, _, _ = two
    chosen = []
    for number in range(60):
        claim = here.propose(optuna.samplers.TPESampler(seed=number), f"proposal_{number}")
        assert here.claim(claim)
        skips = claim.architecture.to_json().count("skip")
        chosen.append(skips)
        assert here.finish(claim, {"miou": 0.1 * skips})
    assert sum(chosen[40:]) > 2 * sum(chosen[:20])


@pytest.mark.parametrize("address", ["journal"], indirect=True)
@pytest.mark.parametrize("sampler", [optuna.samplers.TPESampler, optuna.samplers.NSGAIISampler])
def test_it_is_asked_until_something_may_be_trained(two, sampler):
    here, _, _ = two
    refused = here.propose(sampler(seed=7), "proposal_1").architecture
    claim = here.propose(sampler(seed=7), "proposal_1", lambda each: each != refused)
    assert claim.architecture != refused
    assert here.claim(claim)
    # What nobody may train ends.
    assert here.propose(sampler(seed=7), "proposal_2", lambda _: False) is None
