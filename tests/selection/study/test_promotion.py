"""Who is promoted, by the definition of the rule."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplab_nas.selection.study import promotion

_NAMES = st.sampled_from("abcdefgh")


@pytest.mark.parametrize(
    "finished, begun, expected",
    [
        # Two of three are not enough for a third of them.
        ([{"a": 1, "b": 2}, {}], [{"a", "b"}, set()], None),
        ([{"a": 1, "b": 2, "c": 0}, {}], [{"a", "b", "c"}, set()], ("b", 1)),
        # It has begun there, whether or not it has finished.
        ([{"a": 1, "b": 2, "c": 0}, {}], [{"a", "b", "c"}, {"b"}], None),
        # The next best once there are six, though the best came late.
        (
            [{"a": 1, "b": 9, "c": 0, "d": 8, "e": 2, "f": 3}, {"b": 1}],
            [{*"abcdef"}, {"b"}],
            ("d", 1),
        ),
        # A higher rung goes first.
        (
            [{"d": 3, "e": 4, "f": 5, **dict.fromkeys("abc", 0)}, {"d": 1, "e": 3, "f": 2}, {}],
            [{*"abcdef"}, {*"def"}, set()],
            ("e", 2),
        ),
        # Of equal ones the first.
        ([{"c": 1, "a": 1, "b": 1}, {}], [{*"abc"}, set()], ("c", 1)),
        # Nothing is above the highest.
        ([{"a": 1, "b": 2, "c": 3}], [{*"abc"}], None),
    ],
)
def test_promotions_by_thirds(finished, begun, expected):
    assert promotion.promotable(finished, begun, 3) == expected


@given(
    st.lists(st.dictionaries(_NAMES, st.integers(0, 3)), min_size=2, max_size=3),
    st.lists(st.sets(_NAMES), min_size=3, max_size=3),
    st.integers(2, 4),
)
def test_what_is_promoted_is_among_the_best_and_nothing_better_waits(finished, also, factor):
    begun = [{*scores} | more for scores, more in zip(finished, also[: len(finished)], strict=True)]
    promoted = promotion.promotable(finished, begun, factor)

    def waits(rung, name):
        """Fewer than the top have a higher score, or the same one and come first."""
        scores, place = finished[rung], list(finished[rung]).index(name)
        before = [
            other
            for number, other in enumerate(scores)
            if scores[other] > scores[name] or (scores[other] == scores[name] and number < place)
        ]
        top = len(scores) // factor
        return (len(before), name) if len(before) < top and name not in begun[rung + 1] else None

    waiting = [
        (-rung, *found)
        for rung, scores in enumerate(finished[:-1])
        for name in scores
        if (found := waits(rung, name))
    ]
    expected = min(waiting, default=None)
    assert promoted == (expected and (expected[2], 1 - expected[0]))


def test_impossible_arguments_are_programming_errors():
    for finished, begun, factor in [
        ([{}], [set()], 1),
        ([{}], [], 2),
        ([{"a": math.nan}, {}], [{"a"}, set()], 2),
    ]:
        with pytest.raises(ValueError, match=r"[Ee]xpected"):
            promotion.promotable(finished, begun, factor)
