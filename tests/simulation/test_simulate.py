"""Simulated arms on tables on which it is known who is best and what can be seen of it."""

import dataclasses
import json
import math

import numpy as np
import pytest

from benchmarks.simulation import arms, evolution
from benchmarks.simulation import rows as simulated
from deeplab_nas.core import random_architecture, trellis
from tests import programs, refusals
from tests.selection import made_tables


def _rows(count=96, seeds_std=0.0, noise=0.0, seed=1):
    """Rows of normal truths, whose rungs see them with noise; a score sees them exactly."""
    random = np.random.default_rng(seed)
    truths = 0.3 + 0.03 * random.standard_normal(count)
    return simulated.Rows(
        steps=(100, 200, 400),
        truths=truths,
        expected=truths,
        spread=np.full(count, seeds_std),
        short=truths + noise * random.standard_normal((2, count)),
        scores={"exact": truths, "multiply_adds": np.arange(1.0, count + 1)},
        multiply_adds=np.arange(1.0, count + 1),
        codes=np.arange(count)[:, None],
        origins=np.arange(count),
        std=truths.std(),
    )


def _gains(rows, arm, *how, repetitions=1000, budget=4800):
    random = np.random.default_rng(7)
    return rows.gains[[arm(rows, budget, random, *how).picked for _ in range(repetitions)]]


def _mean_gain(arm, *how, **made):
    """The mean over many tables: the rungs of one of them are noise that does not change."""
    return np.mean(
        [_gains(_rows(seed=seed, **made), arm, *how, repetitions=20).mean() for seed in range(60)]
    )


def test_the_best_of_random_ones_is_the_expected_maximum():
    rows = _rows()
    found = _gains(rows, arms.best_of_random)
    # Of 12 of 96 the one of rank i is the best if the other 11 are of lower ranks.
    chances = [math.comb(rank, 11) / math.comb(96, 12) for rank in range(96)]
    expected = np.dot(chances, np.sort(rows.gains))
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / 1000**0.5)
    # Who sees noise alone takes any.
    noise = _gains(_rows(seeds_std=100), arms.best_of_random)
    assert abs(np.mean(noise)) < 4 / 1000**0.5


def test_halving_finds_the_best_of_all_that_it_draws_where_rungs_rank_rightly():
    rows = _rows(count=27)
    for seed in range(50):
        found = arms.halving(rows, 10**6, np.random.default_rng(seed), 3)
        assert (found.picked, found.trained) == (np.argmax(rows.truths), 27)
        # Some are promoted that would not be if all were known, and they cost.
        assert found.steps >= 27 * 100 + 9 * 200 + 3 * 400
    rows = _rows()
    assert np.mean(_gains(rows, arms.halving, 3) - _gains(rows, arms.best_of_random)) > 0.1


def test_halving_on_rungs_of_noise_is_not_better_than_random():
    noise = {"noise": 100, "seeds_std": 0.015}
    assert _mean_gain(arms.halving, 3, **noise) < _mean_gain(arms.best_of_random, **noise) - 0.5


def test_a_filter_is_worth_what_its_score_is():
    plain = _mean_gain(arms.halving, 3, noise=100)
    half, third = (_mean_gain(arms.halving, 3, "exact", one_of, noise=100) for one_of in (2, 3))
    # The upper half of a normal distribution has a mean of 0.8, and the upper third of 1.1.
    assert half > plain + 0.4
    assert third > half + 0.1
    useless = _mean_gain(arms.halving, 3, "multiply_adds", 2, noise=100)
    assert useless == pytest.approx(plain, abs=0.2)
    rows = _rows()
    # Of six that are drawn the better three are trained, in the order in which they were drawn.
    order = np.random.default_rng(0).permutation(96)[:6]
    kept = [row for row in order if rows.truths[row] >= np.sort(rows.truths[order])[3]]
    trained = []
    seen = dataclasses.replace(rows, short=_Seen(trained))
    arms.halving(seen, 600, np.random.default_rng(0), 3, "exact", 2)
    assert trained[:3] == kept


class _Seen:
    """Rungs that keep in mind which rows were trained on the first."""

    def __init__(self, trained):
        self._trained = trained

    def __getitem__(self, place):
        self._trained += [place[1]] if place[0] == 0 else []
        return 0.0


@pytest.mark.parametrize("budget", [400, 1000, 4800, 10**6])
def test_no_arm_spends_more_than_the_budget_and_all_spend_it(budget):
    rows = _rows(noise=0.01, seeds_std=0.01)
    ways = (
        (arms.best_of_random, ()),
        (arms.halving, (3,)),
        (arms.halving, (2, "exact", 3)),
        (evolution.run, ()),
    )
    for arm, how in ways:
        found = arm(rows, budget, np.random.default_rng(1), *how)
        assert found.steps <= budget
        assert found.steps > budget - 400 or found.trained == 96
        assert 1 <= found.multiply_adds / found.steps <= 96
        assert found == arm(rows, budget, np.random.default_rng(1), *how)


def _near(truth):
    """All paths of five layers with one cell, each worth what a function says."""
    cell = random_architecture.draw(1, 5, 5)
    on_paths = [dataclasses.replace(cell, path=path) for path in trellis.paths(5)]
    made = [
        made_tables.row(str(number), [truth(one.path)], {100: 0.1}, one)
        for number, one in enumerate(on_paths)
    ]
    return simulated.of(made_tables.table(made), (100,), 0.03, 0.0, "the table")


def test_evolution_climbs_where_neighbours_are_alike():
    best = (1, 2, 3, 3, 2)
    rows = _near(lambda path: 1 - sum(a != b for a, b in zip(path, best, strict=True)) / 5)
    climbed = _gains(rows, evolution.run, budget=8000, repetitions=300)
    random = _gains(rows, arms.best_of_random, budget=8000, repetitions=300)
    assert np.mean(climbed) > np.mean(random) + 0.3


def test_evolution_trains_a_row_that_was_drawn_twice_once():
    rows = _rows(count=30).resampled(np.random.default_rng(1))
    found = evolution.run(rows, 10**6, np.random.default_rng(1))
    assert found.trained == len(set(rows.origins)) < 30
    np.testing.assert_array_equal(rows.truths, _rows(count=30).truths[rows.origins])


def test_an_arm_is_worth_on_the_table_what_it_is_worth_among_what_the_table_measures():
    random = np.random.default_rng(5)
    # By trainings that are independent of each other, and on the table.
    gains = {}
    for _ in range(80):
        real = random.standard_normal(96)
        short = real + random.standard_normal(96)
        made = [
            made_tables.row(
                f"a{number}",
                0.5 + 0.03 * (one + random.standard_normal(2 if number < 24 else 1)),
                {100: 0.5 + 0.03 * short[number]},
            )
            for number, one in enumerate(real)
        ]
        rows = simulated.of(made_tables.table(made), (100,), 0.03, 0.03, "the table")
        truth = dataclasses.replace(rows, truths=real, expected=real, spread=np.ones(96), std=1.0)
        for there in (rows, truth):
            for arm, how in ((arms.best_of_random, ()), (arms.halving, (3,))):
                found = _gains(there, arm, *how, repetitions=10, budget=2400)
                gains.setdefault((arm, there is rows), []).append(found.mean())
    means = {key: np.mean(values) for key, values in gains.items()}
    for arm in (arms.best_of_random, arms.halving):
        assert means[arm, True] == pytest.approx(means[arm, False], abs=0.08)


def _saved(path, count=40):
    random = np.random.default_rng(3)
    made = []
    for number in range(count):
        truth = random.normal(0.3, 0.03)
        whole = truth + random.normal(0, 0.005, size=2 if number < 10 else 1)
        short = {100: truth + random.normal(0, 0.01)} if number else {}
        architecture = random_architecture.draw(number, 3, 2)
        scores = {"naswot": truth, **({"partial": 1.0} if number == 5 else {})}
        made.append(made_tables.row(f"a{number}", whole, short, architecture, scores, number + 1))
    made_tables.table(made).save(path)


def test_the_program_tells_all_arms_and_the_same_for_a_seed(tmp_path):
    _saved(tmp_path / "table.json")
    few = ("--repetitions=40", "--tables=20", "--budget=2400", "--one_of=2")
    command = ("benchmarks.simulate", f"--table={tmp_path / 'table.json'}", *few)
    ended = programs.run(*command)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    # The first row lacks a rung, and a score that only one row has is no filter.
    assert (told["rows"], told["left_out"], told["varies_enough"]) == (39, 1, True)
    assert told["filters"] == {"naswot": True, "partial": False}
    names = [arm["arm"] for arm in told["arms"]]
    filtered = ["halving_naswot_2", "halving_multiply_adds_2"]
    assert names == ["random", "halving", *filtered, "evolution"]
    for arm in told["arms"]:
        assert arm["steps"] <= 2400
    random, halving = told["arms"][:2]
    assert random["steps"] == 2400 and random["trained"] == 6
    over = halving["over_random"]
    assert over["value"] == pytest.approx(halving["gain"] - random["gain"])
    assert over["low"] < over["value"] < over["high"]
    assert halving["over_tables"]["low"] < over["value"] < halving["over_tables"]["high"]
    assert 0.5 < halving["better_than_random"] < 1
    assert "Spearman of 100 steps" in ended.stderr and "halving_naswot_2" in ended.stderr
    assert programs.run(*command).stdout == ended.stdout
    assert programs.run(*command, "--seed=2").stdout != ended.stdout


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--budget=399"], ["--budget", "400", "399"]),
        (["--rungs=50,100"], ["--rungs", "(100)", "50,100"]),
        (["--repetitions=1"], ["--repetitions", "20 or more"]),
    ],
)
def test_the_program_refuses_what_cannot_be_simulated(tmp_path, flags, words):
    _saved(tmp_path / "table.json")
    ended = programs.run("benchmarks.simulate", f"--table={tmp_path / 'table.json'}", *flags)
    refusals.assert_program_refused(ended, *words)


def test_rows_of_several_sizes_or_too_few_are_refused():
    made = [
        made_tables.row(f"a{number}", [0.1], {100: 0.1}, random_architecture.draw(1, layers, 2))
        for number, layers in enumerate([2] * 9 + [3])
    ]
    with refusals.refused("layers and blocks", "the table", "(2, 2), (3, 2)"):
        simulated.of(made_tables.table(made), (100,), 0.03, 0.0, "the table")
    alike = made_tables.table(
        [dataclasses.replace(one, architecture=made[0].architecture) for one in made]
    )
    with refusals.refused("differ by more than seeds", "another recipe"):
        simulated.of(alike, (100,), 0.0, 0.1, "the table")
    with refusals.refused("10 architectures", "100,400 steps", "found 9"):
        simulated.of(made_tables.table(made[:9]), (100,), 0.03, 0.0, "the table")
