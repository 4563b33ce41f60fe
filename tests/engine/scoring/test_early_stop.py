"""Courses of eigenvalues that are made, and where a search ends on them."""

import dataclasses

import pytest

from deeplab_nas.engine.configs.hessian import HessianConfig
from deeplab_nas.engine.scoring import early_stop
from deeplab_nas.engine.scoring.early_stop import Stop
from tests import refusals

RULE = HessianConfig(hessian_every_epochs=2, early_stop=True)


def epochs(values, every=2):
    """Records of epochs, of which every second one was measured."""
    records = [{"kind": "epoch", "epoch": epoch} for epoch in range(1, every * len(values) + 1)]
    for number, value in enumerate(values, 1):
        records[every * number - 1]["hessian_largest"] = value
    return records


def test_a_level_course_goes_on_to_the_end():
    assert early_stop.find(RULE, epochs([1.0] * 25)) is None
    assert early_stop.find(RULE, epochs([1.0 + 0.01 * i for i in range(25)])) is None
    # Falling is no growth.
    assert early_stop.find(RULE, epochs([2.0**-i for i in range(25)])) is None


def test_a_jump_returns_what_was_there_before_it():
    """By hand: level at 1 up to epoch 30, then at 10."""
    course = epochs([1.0] * 15 + [10.0] * 10)
    # The mean of five is 1 + 9 / 5 once one of them is 10, and 1 / 2.8 < 0.75.
    stop = early_stop.find(RULE, course)
    # At epoch 32; the newest whole window has its middle at 28, and the one four before it at 20.
    assert stop == Stop(32, 20, pytest.approx(1.0), pytest.approx(2.8))
    # It depends on nothing that comes later.
    assert early_stop.find(RULE, course[:32]) == stop
    assert early_stop.find(RULE, course[:31]) is None


def test_what_is_returned_is_not_of_the_first_epochs():
    course = epochs([1.0] * 5 + [10.0 * 1.2**i for i in range(20)])
    early, late = (
        early_stop.find(dataclasses.replace(RULE, early_stop_min_epoch=epoch), course)
        for epoch in (2, 10)
    )
    assert early.returned_epoch == 2 and late.returned_epoch >= 10


@pytest.mark.parametrize(
    ("change", "stops"),
    [
        ({"early_stop": False, "early_stop_ratio": 1.0}, False),
        ({"early_stop_ratio": 0.8}, True),
        ({"early_stop_ratio": 0.7}, False),
        ({"early_stop_offset": 8, "early_stop_ratio": 0.7}, True),
        ({"early_stop_window": 1, "early_stop_ratio": 0.8}, True),
    ],
)
def test_each_setting_of_the_rule_counts(change, stops):
    # Over four evaluations it grows by 1.32, over eight by 1.75.
    course = epochs([1.0719**i for i in range(25)])
    found = early_stop.find(dataclasses.replace(RULE, **change), course)
    assert (found is not None) == stops


def test_an_eigenvalue_that_becomes_positive_has_grown():
    assert early_stop.find(RULE, epochs([-1.0] * 15 + [1.0] * 10)) is not None
    assert early_stop.find(RULE, epochs([-1.0] * 25)) is None
    assert early_stop.find(RULE, epochs([-2.0] * 15 + [-1.0] * 10)) is None


def test_a_rule_that_cannot_be_is_refused():
    with refusals.refused("--hessian_every_epochs with --early_stop", "found 0"):
        HessianConfig(early_stop=True)
    with refusals.refused("odd --early_stop_window", "found 4"):
        HessianConfig(early_stop_window=4)
