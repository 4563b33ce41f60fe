"""The estimate of what is left is right where it can be, and ends at nothing."""

import dataclasses

import pytest

from deeplab_nas.selection.study import time_left
from tests.selection.study.test_arm import ARM


def test_a_third_of_each_rung_is_expected_and_what_was_promoted_beyond_counts():
    nothing = [{}, {}, {}]
    assert time_left.trainings_left(ARM, nothing, [[], [], []]) == [9, 3, 1]
    finished = [dict.fromkeys("abcd", 0.1), {"a": 0.1}, {}]
    assert time_left.trainings_left(ARM, finished, [[*"abcde"], ["a", "d"], []]) == [5, 2, 1]
    ended = [dict.fromkeys("abcdefghi", 0.1), dict.fromkeys("adegh", 0.1), {"d": 0.1}]
    assert time_left.trainings_left(ARM, ended, [list(rung) for rung in ended]) == [0, 0, 0]


def test_a_budget_is_taken_to_be_spent_on_the_first_rung():
    arm = dataclasses.replace(ARM, sampler="tpe", budget_steps=1000)
    finished = [dict.fromkeys("abc", 0.1), {}, {}]
    assert time_left.trainings_left(arm, finished, [[*"abc"], ["a"], []]) == [5, 1, 0]


def test_time_is_in_proportion_to_the_nearest_steps_that_were_timed():
    seconds = {100: 50.0, 400: 120.0}
    assert time_left.seconds_left((100, 200, 400), (4, 2, 1), seconds) == pytest.approx(
        4 * 50 + 2 * 100 + 120
    )
