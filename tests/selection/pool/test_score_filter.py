"""A filter by a score: what it leaves, and that it has to be worth it."""

import dataclasses

import numpy as np
import pytest

from deeplab_nas.selection.pool import score_filter
from deeplab_nas.selection.pool.filter_config import FilterConfig
from tests import refusals
from tests.selection import made_tables

_SCORES = {"a": 0.5, "b": -np.inf, "c": 2.0, "d": 1.0, "e": 1.5, "f": 0.0, "g": 0.1}


@pytest.fixture
def path(tmp_path):
    """A table in which naswot ranks the networks of even multiply-adds, jacob_cov none."""
    random = np.random.RandomState(0)
    rows = []
    for number, miou in enumerate(np.linspace(0.2, 0.5, 60)):
        scores = {"naswot": miou if number % 2 == 0 else -miou, "jacob_cov": random.normal()}
        rows.append(
            made_tables.row(
                f"random_{number}", [miou], scores=scores, multiply_adds=1000 + number % 2
            )
        )
    table = dataclasses.replace(made_tables.table(rows), about={"data set": "camvid"})
    table.save(tmp_path / "table.json")
    return str(tmp_path / "table.json")


def test_the_best_share_is_kept_in_order():
    config = FilterConfig(filter_score="naswot", filter_table_path="table.json", filter_one_of=3)
    assert score_filter.kept(config, _SCORES) == ["c", "e"]
    assert score_filter.kept(dataclasses.replace(config, filter_one_of=9), _SCORES) == ["c"]


def test_what_counts_is_within_the_band(path):
    config = FilterConfig(filter_score="naswot", filter_table_path=path)
    score_filter.check_gate(config, "camvid", lambda row: row.multiply_adds == 1000)
    with refusals.refused("--filter_score", "naswot does not", "Spearman", "leave it out"):
        score_filter.check_gate(config, "camvid")
    with refusals.refused("jacob_cov does not"):
        score_filter.check_gate(dataclasses.replace(config, filter_score="jacob_cov"), "camvid")


def test_a_table_of_other_data_is_refused(path):
    config = FilterConfig(filter_score="naswot", filter_table_path=path)
    with refusals.refused("trained on cityscapes", "found one of camvid", "benchmarks.table"):
        score_filter.check_gate(config, "cityscapes")


@pytest.mark.parametrize("one", [{"filter_score": "naswot"}, {"filter_table_path": "table.json"}])
def test_both_are_needed(one):
    with refusals.refused("give both"):
        FilterConfig(**one)
