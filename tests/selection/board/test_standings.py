"""Ranks and intervals, held to values from a table of Student's t."""

import itertools

import pytest

from deeplab_nas.selection.board import standings
from tests.selection.board import boards

# Of the 97.5% quantile, by degrees of freedom.
STUDENT = {1: 12.7062, 2: 4.30265, 3: 3.18245}


def of(board, name):
    return next(each for each in standings.rank(board) if each.candidate.name == name)


def test_the_highest_rung_comes_first_then_the_mean_then_the_name():
    candidates = [
        boards.candidate("untrained"),
        boards.candidate("early", [0.9], steps=100),
        boards.candidate("b", [0.3]),
        boards.candidate("a", [0.3]),
        boards.candidate("best", [0.2, 0.5]),
        boards.candidate(
            "promoted", trainings=(boards.training(0.8, 200), boards.training(0.1, 400))
        ),
    ]
    expected = ["best", "a", "b", "promoted", "early", "untrained"]
    for order in itertools.permutations(candidates):
        ranked = standings.rank(boards.board(*order))
        assert [each.candidate.name for each in ranked] == expected
    assert [each.steps for each in ranked] == [400, 400, 400, 400, 100, 0]
    assert ranked[0].miou == pytest.approx(0.35) and ranked[-1].miou is None


def test_intervals_are_students_t():
    board = boards.board(
        boards.candidate("three", [0.30, 0.32, 0.34]),
        boards.candidate("two", [0.20, 0.24]),
        boards.candidate("one", [0.5]),
        boards.candidate("earlier", [0.5], steps=200),
    )
    # Two have squared deviations of 0.0008 each, with three degrees of freedom together.
    reach = STUDENT[3] * (0.0016 / 3) ** 0.5
    for name, mean, count in (("three", 0.32, 3), ("two", 0.22, 2), ("one", 0.5, 1)):
        expected = mean - reach / count**0.5, mean + reach / count**0.5
        assert of(board, name).interval == pytest.approx(expected, abs=1e-6)
    # Nothing was repeated there.
    assert of(board, "earlier").interval is None


def test_no_mean_iou_is_outside_of_its_range():
    board = boards.board(boards.candidate("two", [0.20, 0.24]))
    # 12.7 times 0.02 reaches below 0.
    reach = STUDENT[1] * (0.0008 / 2) ** 0.5
    assert of(board, "two").interval == pytest.approx((0, 0.22 + reach), abs=1e-6)


def test_a_lead_is_measured_where_both_have_been():
    first = boards.candidate("first", [0.30, 0.32, 0.34])
    second = boards.candidate("second", [0.25])
    board = boards.board(first, second)
    lead = standings.lead(board, first, second)
    reach = STUDENT[2] * 0.02 * (1 / 3 + 1) ** 0.5
    assert (lead.steps, lead.miou) == (400, pytest.approx(0.07))
    assert lead.interval == pytest.approx((0.07 - reach, 0.07 + reach), abs=1e-6)
    assert standings.lead(board, second, first).miou == pytest.approx(-0.07)

    early = boards.candidate("early", [0.2], steps=100)
    both = boards.candidate(
        "both", trainings=(boards.training(0.3, 100), boards.training(0.9, 400))
    )
    board = boards.board(early, both)
    assert standings.lead(board, both, early) == standings.Lead(100, pytest.approx(0.1), None)
    assert standings.lead(board, early, boards.candidate("untrained")) is None


def test_the_iou_of_a_class_is_the_mean_of_the_trainings_that_have_it():
    trainings = (
        boards.training(0.3, 400, 1, {"sky": 0.5, "car": 0.1}),
        boards.training(0.3, 400, 2, {"sky": 0.7}),
        boards.training(0.3, 100, 1, {"sky": 0.0, "tree": 0.0}),
    )
    board = boards.board(boards.candidate("one", trainings=trainings))
    assert of(board, "one").class_iou == pytest.approx({"sky": 0.6, "car": 0.1})
