"""The layout of a cell keeps its promises for random cells."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from deeplab_nas.drawing import cell_layout

BLOCK, LANE, GAP = 80, 8, 14


@st.composite
def cells(draw):
    return tuple(
        tuple((draw(st.integers(0, i + 1)), "skip") for _ in range(2))
        for i in range(draw(st.integers(1, 7)))
    )


@settings(max_examples=60)
@given(cells())
def test_slots_do_not_overlap_and_lie_inside(cell):
    layout = cell_layout.lay_out(cell, BLOCK, LANE, GAP)
    for slots, centers in zip(layout.columns, layout.centers, strict=True):
        heights = [LANE if slot.is_lane else BLOCK for slot in slots]
        spans = [(y - h / 2, y + h / 2) for y, h in zip(centers, heights, strict=True)]
        assert spans[0][0] >= -1e-6 and spans[-1][1] <= layout.height + 1e-6
        for above, below in itertools.pairwise(spans):
            assert below[0] - above[1] >= GAP - 1e-6


@settings(max_examples=60)
@given(cells())
def test_every_wire_starts_in_the_column_before(cell):
    layout = cell_layout.lay_out(cell, BLOCK, LANE, GAP)
    for left, right in itertools.pairwise(layout.columns):
        present = {slot.state for slot in left}
        assert all(set(slot.sources) <= present for slot in right)
    blocks = {
        slot.state: slot.sources
        for slots in layout.columns[1:]
        for slot in slots
        if not slot.is_lane
    }
    assert blocks == {2 + i: tuple(s for s, _ in block) for i, block in enumerate(cell)}
    arriving = {slot.state for slot in layout.columns[-1]}
    assert arriving == set(blocks)


def test_crossings_that_can_be_avoided_are_avoided():
    # Two chains, entered in the order that makes them cross if blocks keep their numbers.
    cell = (
        ((0, "skip"), (0, "skip")),
        ((1, "skip"), (1, "skip")),
        ((2, "skip"), (2, "skip")),
        ((3, "skip"), (3, "skip")),
    )
    layout = cell_layout.lay_out(cell, BLOCK, LANE, GAP)
    assert [slot.state for slot in layout.columns[1]] == [3, 2]
    order = [slot.state for slot in layout.columns[2] if not slot.is_lane]
    assert order == [5, 4]
