"""The headroom of tables whose variances and orders are chosen."""

import dataclasses
import json

import numpy as np
import pytest

from deeplab_nas.core import random_architecture, trellis
from deeplab_nas.selection.evidence import headroom
from tests import refusals
from tests.selection import made_tables


def _drawn(architectures_std, seeds_std, count=300, repeated=150):
    random = np.random.RandomState(1)
    rows = []
    for number, truth in enumerate(random.normal(0.4, architectures_std, count)):
        trainings = truth + seeds_std * random.normal(size=3 if number < repeated else 1)
        architecture = random_architecture.draw(number, 5, 5)
        rows.append(made_tables.row(f"random_{number}", trainings, architecture=architecture))
    return made_tables.table(rows)


@pytest.mark.parametrize("architectures_std, enough", [(0.04, True), (0.02, False), (0, False)])
def test_the_variance_of_architectures_is_parted_from_that_of_seeds(architectures_std, enough):
    report = headroom.of(_drawn(architectures_std, 0.02))
    assert report.seeds_std == pytest.approx(0.02, rel=0.06)
    assert report.architectures_std == pytest.approx(architectures_std, rel=0.12, abs=0.008)
    assert report.ratio.low <= architectures_std / 0.02 <= report.ratio.high
    assert report.varies_enough == enough
    assert ("change the proxy" in headroom.render(report)) != enough


def test_a_report_by_hand():
    whole = [[0.1, 0.2], [0.3, 0.5, 0.4], *([number / 20] for number in range(8))]
    rows = [
        made_tables.row(f"a{number}", mious, {100: np.mean(mious)}, multiply_adds=number + 1)
        for number, mious in enumerate(whole)
    ]
    rows[0] = dataclasses.replace(rows[0], scores={"naswot": 1.0})
    report = headroom.of(made_tables.table(rows))
    assert (report.architectures, report.repeated) == (10, 2)
    seeds = (0.005 + 0.02) / 3
    assert report.seeds_std == pytest.approx(seeds**0.5)
    single = [mious[0] for mious in whole]
    assert report.mean == pytest.approx(np.mean(single))
    assert report.architectures_std == pytest.approx((np.var(single, ddof=1) - seeds) ** 0.5)
    assert report.ratio.value == pytest.approx(report.architectures_std / report.seeds_std)
    found = {one.name: one for one in report.correlations}
    assert found["100 steps"].spearman.value == pytest.approx(1)
    assert found["100 steps"].partial == pytest.approx(1)
    # Known of too few, the same for all, and of what it is given itself.
    known = {"naswot": 1, "parameters": 10, "the whole training, by another seed": 2}
    for name, count in known.items():
        assert (found[name].architectures, found[name].spearman) == (count, None)
    assert found["multiply-adds"].partial is None
    assert found["multiply-adds"].spearman.value == pytest.approx(
        np.corrcoef(np.arange(10), np.argsort(np.argsort([np.mean(one) for one in whole])))[0, 1],
        abs=0.02,
    )
    json.dumps(dataclasses.asdict(report), allow_nan=False)


def test_a_rung_is_also_compared_with_what_it_shares_no_seed_with():
    # Whatever the first seed has, the short training has too; the second seed turns the order.
    rows = [
        made_tables.row(f"a{number}", [number / 10, (9 - number) / 10 + 0.001], {100: number / 10})
        for number in range(10)
    ]
    found = {one.name: one for one in headroom.of(made_tables.table(rows)).correlations}
    assert found["100 steps, by another seed"].spearman.value == pytest.approx(-1)
    assert found["the whole training, by another seed"].spearman.value == pytest.approx(-1)


def test_a_grid_of_paths_and_cells_is_analysed_both_ways():
    rows = []
    cells = [random_architecture.draw(seed, 3, 2) for seed in (1, 2, 3)]
    for number, path in enumerate(trellis.paths(3)):
        for which, cell in enumerate(cells):
            architecture = dataclasses.replace(cell, path=path)
            miou = 0.1 + number / 20 + which / 1000
            repeated = [miou, miou + 0.001] if number < 2 else [miou]
            rows.append(made_tables.row(f"{number}_{which}", repeated, None, architecture))
    report = headroom.of(made_tables.table(rows))
    assert report.grid.path > 0.99
    assert report.grid.interaction == pytest.approx(0, abs=1e-9)
    assert "sum of squares" in headroom.render(report)


def test_a_table_that_says_nothing_about_seeds_is_refused():
    rows = [made_tables.row(f"a{number}", [number / 20]) for number in range(12)]
    with refusals.refused("several seeds", "12 and 0", "benchmarks.table"):
        headroom.of(made_tables.table(rows))
    repeated = [made_tables.row(f"b{number}", [0.5, 0.5]) for number in range(2)]
    with refusals.refused("10 architectures", "2 and 2"):
        headroom.of(made_tables.table(repeated))
    with refusals.refused("differ in mIoU"):
        headroom.of(made_tables.table([*rows, *repeated]))
