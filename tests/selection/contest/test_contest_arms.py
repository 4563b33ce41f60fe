"""What each arm of a contest may train."""

import json

import pytest

from deeplab_nas import settings
from deeplab_nas.core import random_architecture
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.search import SearchConfig, SearchOptimization
from deeplab_nas.engine.networks import supernet_cost
from deeplab_nas.selection.contest import contest_arms, contest_config
from deeplab_nas.selection.contest.contest_config import ContestConfig
from deeplab_nas.selection.select_config import PoolConfig, SelectConfig
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests import refusals

FIND = random_architecture.draw(77, 3, 2)


def made_config(arms=contest_config.ARMS[:-1], runs=(), **others):
    return SelectConfig(
        train_logdir="study",
        optimization=OptimizationConfig(training_number_of_steps=40),
        rungs=(10, 20),
        pool=PoolConfig(random=1, num_layers=3, num_blocks=2, runs=runs),
        contest=ContestConfig(arms=arms, repetitions=2),
        **{"budget_steps": 200, **others},
    )


@pytest.fixture
def runs(tmp_path):
    """Two searches of 12 steps and 4 epochs, of which the last 3 train alpha too.

    The second one does it in second order.
    """
    made = []
    for name, order in (("one", "first"), ("other", "second")):
        run = tmp_path / name
        (run / "architectures").mkdir(parents=True)
        FIND.save(run / "architecture.json")
        random_architecture.draw(78, 3, 2).save(run / "architectures" / "epoch_004.json")
        config = SearchConfig(
            train_logdir=str(run),
            data=DataConfig(train_crop_size=(17, 17), train_batch_size=3),
            architecture_start_epoch=1,
            optimization=SearchOptimization(architecture_gradient=order),
            supernet=SupernetConfig(num_layers=2, num_blocks=1, filter_multiplier=2),
        )
        (run / "flags.json").write_text(json.dumps({"config": settings.record(config)}))
        records = [
            {"kind": "epoch", "step": 3 * epoch, "epoch": epoch, "peak_memory_gib": None}
            for epoch in range(1, 5)
        ]
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (run / "history.jsonl").write_text(lines)
        made.append(str(run))
    return tuple(made)


def test_arms_of_a_repetition_draw_alike_and_repetitions_do_not():
    entries = {(each.kind, each.repetition): each.arm for each in contest_arms.make(made_config())}
    assert len(entries) == 8
    for repetition in (0, 1):
        random, halving = (list(entries[kind, repetition].pool) for kind in ("random", "halving"))
        # As many as the budget has trainings of the first rung.
        assert len(random) == 5 and len(halving) == 20
        assert halving[:5] == random
    first, second = (set(entries["halving", repetition].pool.values()) for repetition in (0, 1))
    assert not first & second
    assert len({arm.name for arm in entries.values()}) == 8
    assert {arm.budget_steps for arm in entries.values()} == {200}
    for kind, rungs in (("random", (40,)), ("tpe", (40,)), ("evolution", (40,))):
        assert entries[kind, 0].rungs == rungs
    assert entries["halving", 0].rungs == (10, 20, 40)
    assert [entries[kind, 1].sampler for kind in ("random", "halving", "tpe", "evolution")] == [
        *("", "", "tpe", "evolution")
    ]
    assert entries["tpe", 0].seed != entries["tpe", 1].seed


def test_a_search_has_its_find_and_what_is_near_it_and_pays_for_its_steps(runs):
    entries = contest_arms.make(made_config(("random", "search"), runs))
    arms = [each.arm for each in entries if each.kind == "search"]
    # 12 steps of the weights, and 9 of alpha and beta in the last 3 of 4 epochs.
    assert [arm.spent_steps for arm in arms] == [21, 21]
    for name, arm in zip(("one", "other"), arms, strict=True):
        assert list(arm.pool)[:2] == [name, f"{name}_epoch_004"]
        assert arm.pool[name] == FIND
        assert all(each.startswith(f"{name}_changed_") for each in list(arm.pool)[2:])
        assert 10 < len(arm.pool) <= (200 - 21) // 10
    searches = [each.search for each in entries]
    assert searches[:2] == [None, None]
    # Batches of three; one of alpha and beta in second order is four.
    assert [search.images for search in searches[2:]] == [63, 3 * (12 + 4 * 9)]
    of_image = supernet_cost.measure(searches[2].config.supernet, 4, 17, 17)
    assert searches[2].multiply_adds(4) == 63 * of_image > 0
    with refusals.refused("--budget_steps above the 21 steps", "found 60"):
        contest_arms.make(made_config(("random", "search"), runs, budget_steps=60))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: ContestConfig(arms=("halving",)), ["random among --arms", "halving"]),
        (lambda: ContestConfig(arms=("random", "random")), ["each of --arms once"]),
        (lambda: ContestConfig(arms=("best",)), ["--arms to be one of random, halving"]),
        (lambda: made_config(budget_steps=39), ["--budget_steps", "=40", "found 39"]),
        (lambda: made_config(final_seeds=0), ["--final_seeds", "no judge"]),
        (lambda: made_config(runs=("a", "b")), ["no --runs without", "found 2"]),
        (lambda: made_config(("random", "search"), ("a",)), ["--repetitions=2", "found 1"]),
    ],
)
def test_what_is_no_contest_is_refused(change, words):
    with refusals.refused(*words):
        change()


@pytest.mark.parametrize("pool", [{"sampler": "tpe", "proposals": 3}, {"architectures": ("a",)}])
def test_candidates_of_nobody_are_refused(pool):
    with refusals.refused("--arms without", "candidates of its own"):
        SelectConfig(
            train_logdir="study",
            optimization=OptimizationConfig(training_number_of_steps=40),
            contest=ContestConfig(arms=("random",)),
            pool=PoolConfig(**pool),
            budget_steps=200,
        )
