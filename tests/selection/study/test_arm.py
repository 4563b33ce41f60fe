"""What an arm trains next, step by step."""

import dataclasses

import pytest

from deeplab_nas.core import random_architecture
from deeplab_nas.selection.study import arm as arms
from deeplab_nas.selection.study.arm import Arm, Next

POOL = {name: random_architecture.draw(seed, 2, 1) for seed, name in enumerate("abcdefghi", 1)}
# The mean IoU of each, the same at every rung.
WORTH = {name: worth / 10 for name, worth in zip(POOL, (3, 1, 2, 9, 5, 4, 8, 7, 6), strict=True)}
ARM = Arm("select", (100, 200, 400), 3, POOL)


def carried_out(arm, worth=WORTH):
    """What an arm trains, one after the other, as `name` and rung."""
    finished = [{} for _ in arm.rungs]
    done = []
    while (following := arms.next_training(arm, finished, [list(f) for f in finished])) is not None:
        assert following.candidate not in finished[following.rung]
        finished[following.rung][following.candidate] = worth.get(following.candidate, 0.0)
        done.append((following.candidate, following.rung))
    return done, finished


def test_every_third_is_promoted_as_soon_as_it_may_be():
    done, finished = carried_out(ARM)
    # By hand: a is the best of three, d of four; of six e is the second, and d of the three above.
    assert done == [
        *[("a", 0), ("b", 0), ("c", 0), ("a", 1), ("d", 0), ("d", 1), ("e", 0), ("f", 0)],
        *[("e", 1), ("d", 2), ("g", 0), ("g", 1), ("h", 0), ("i", 0), ("h", 1)],
    ]
    assert arms.best(finished, 5) == ["d", "g", "h", "e", "a"]
    assert arms.spent_steps(ARM, finished) == 9 * 100 + 5 * 200 + 400


@pytest.mark.parametrize("budget", [100, 450, 1000, 2299, 2300])
def test_a_budget_is_never_exceeded_and_ends_it(budget):
    arm = dataclasses.replace(ARM, budget_steps=budget)
    whole = carried_out(ARM)[0]
    done, finished = carried_out(arm)
    assert done == whole[: len(done)]
    spent = arms.spent_steps(arm, finished)
    assert spent <= budget
    left = whole[len(done) :]
    assert not left or spent + arm.rungs[left[0][1]] > budget


def test_what_was_spent_before_counts():
    arm = dataclasses.replace(ARM, budget_steps=1000, spent_steps=800)
    assert carried_out(arm)[0] == [("a", 0), ("b", 0)]


def test_nothing_is_begun_twice_while_others_train():
    begun = [["a", "b", "c"], [], []]
    finished = [{"a": 0.3}, {}, {}]
    assert arms.next_training(ARM, finished, begun) == Next(0, "d")
    finished = [{"a": 0.3, "b": 0.1, "c": 0.2}, {}, {}]
    assert arms.next_training(ARM, finished, [[*"abc"], ["a"], []]) == Next(0, "d")


def test_a_sampler_proposes_when_the_pool_is_used_up():
    arm = dataclasses.replace(ARM, rungs=(400,), sampler="tpe", most_proposals=2)
    done, _ = carried_out(arm)
    assert done[-2:] == [("proposal_1", 0), ("proposal_2", 0)]
    assert len(done) == len(POOL) + 2
    following = arms.next_training(arm, [dict.fromkeys(POOL, 0.1)], [list(POOL)])
    assert following == Next(0, "proposal_1", is_proposed=True)
    endless = dataclasses.replace(arm, most_proposals=0, budget_steps=400 * 15)
    assert len(carried_out(endless)[0]) == 15
