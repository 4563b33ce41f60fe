"""The share is exact, no side is empty, and the names alone decide."""

import hypothesis
import hypothesis.strategies as st
import pytest

from tests import refusals
from tfrecords_tools.sources import val_split
from tfrecords_tools.sources.pairs import Pair


def pairs(names):
    return [Pair(name, None, None) for name in names]


@pytest.mark.parametrize(
    ("count", "fraction", "num_val"),
    [(30, 0.2, 6), (10, 0.25, 2), (7, 0.3, 2), (5, 0.9, 4), (2, 0.99, 1), (1000, 1e-9, 1)],
)
def test_the_share_is_rounded_to_whole_pairs(count, fraction, num_val):
    train, val = val_split.split_off(pairs(map(str, range(count))), fraction)
    assert (len(train), len(val)) == (count - num_val, num_val)


@hypothesis.given(
    st.lists(st.text(), min_size=2, max_size=20, unique=True),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_every_pair_is_on_one_side_whatever_the_order(names, fraction):
    train, val = val_split.split_off(pairs(names), fraction)
    assert train and val
    assert [pair for pair in pairs(names) if pair in train] == train
    assert [pair for pair in pairs(names) if pair in val] == val
    assert len(train) + len(val) == len(names)
    turned = val_split.split_off(pairs(names[::-1]), fraction)
    assert turned == (train[::-1], val[::-1])


@hypothesis.given(st.lists(st.text(), min_size=3, max_size=20, unique=True), st.floats(0.1, 0.9))
def test_one_more_pair_moves_one_other_at_most(names, fraction):
    _, before = val_split.split_off(pairs(names[:-1]), fraction)
    _, after = val_split.split_off(pairs(names), fraction)
    moved = {pair.name for pair in before} ^ {pair.name for pair in after}
    assert len(moved - {names[-1]}) <= 1


def test_fewer_than_two_are_refused():
    with refusals.refused("at least 2 pairs with --val_fraction=0.2", "found 1"):
        val_split.split_off(pairs(["one"]), 0.2)
