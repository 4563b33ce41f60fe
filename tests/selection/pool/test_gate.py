"""The gate of a score, on made numbers."""

import re

import numpy as np
import pytest
import scipy.stats

from deeplab_nas.selection.pool import gate

MIOUS = np.linspace(0.2, 0.4, 24)


def with_correlation(wanted):
    """Values whose rank correlation with `MIOUS` is about what is wanted."""
    noise = np.random.RandomState(0).normal(size=24)
    drawn = [np.sign(wanted) * np.arange(24) + width * noise for width in np.linspace(0, 40, 120)]
    found = [scipy.stats.spearmanr(each, MIOUS).statistic for each in drawn]
    return drawn[int(np.argmin(np.abs(np.array(found) - wanted)))]


def test_a_score_passes_where_it_ranks_well_and_better_than_what_is_free():
    rivals = {"multiply-adds": with_correlation(0.3), "mean level": -with_correlation(0.35)}
    verdict = gate.judge(with_correlation(0.5), MIOUS, rivals)
    assert verdict.passed
    assert verdict.correlation == pytest.approx(0.5, abs=0.02)
    assert verdict.rivals == pytest.approx({"multiply-adds": 0.3, "mean level": 0.35}, abs=0.02)
    assert f"{verdict.correlation:.2f} on 24 trained networks" in verdict.reason


@pytest.mark.parametrize(
    ("score", "rivals", "count", "told"),
    [
        (0.5, {}, 23, "23 trained networks are too few"),
        (0.37, {}, 24, "below 0.4"),
        (-0.6, {}, 24, "below 0.4"),
        (0.5, {"mean level": -0.6, "multiply-adds": 0.2}, 24, "mean level is 0.[56]"),
    ],
)
def test_the_reason_tells_why_it_does_not(score, rivals, count, told):
    values = {name: with_correlation(wanted)[:count] for name, wanted in rivals.items()}
    verdict = gate.judge(with_correlation(score)[:count], MIOUS[:count], values)
    assert not verdict.passed
    assert re.search(told, verdict.reason)


def test_a_constant_correlates_with_nothing_and_infinity_is_a_rank():
    assert gate.judge(np.ones(24), MIOUS, {}).correlation == 0
    assert gate.judge([-np.inf, *MIOUS[1:]], MIOUS, {}).correlation == pytest.approx(1)
    assert gate.judge([], [], {"multiply-adds": []}).rivals == {"multiply-adds": 0}
