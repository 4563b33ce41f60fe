"""Nothing lies on what has to be read, wherever the dots are."""

import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

from deeplab_nas.drawing import canvas
from deeplab_nas.drawing.plot import layout
from deeplab_nas.drawing.plot.labels import TEXT_SIZE
from deeplab_nas.drawing.plot.layout import Dot, Plot


def overlap(one, other):
    """How far two boxes `(left, top, right, bottom)` lie over one another, in pixels."""
    return min(
        min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    )


def around(placed):
    x, y = placed.center
    return x - placed.radius, y - placed.radius, x + placed.radius, y + placed.radius


def scattered(count, seed=0, name="network_{}", spread=0.04):
    random = np.random.RandomState(seed)
    heights = sorted(random.normal(0.3, spread, count), reverse=True)
    return [
        Dot(name.format(i), "ab"[i % 2], random.normal(1.5, spread), y, (y - 0.02, y + 0.02), i > 9)
        for i, y in enumerate(heights)
    ]


@pytest.mark.parametrize("size", [(980, 520), (420, 460)])
@pytest.mark.parametrize(
    "dots",
    [
        scattered(1),
        scattered(48),
        scattered(200, seed=1),
        scattered(30, seed=2, name="a_long_name_of_a_network_from_some_folder_{}"),
        [Dot(f"same_{i}", "a", 1.0, 0.3) for i in range(9)],
        [Dot("zero", "a", 0.0, 0.0, (0.0, 0.0))],
    ],
)
def test_names_cover_no_dot_and_no_name(dots, size):
    found = layout.lay_out(Plot(dots, "ab", ("x", "y")), *size, labelled=8)
    # The best one at least is named.
    assert found.labels and found.labels[0].text == canvas.shortened(dots[0].name, 170, TEXT_SIZE)
    boxes = [label.box for label in found.labels]
    assert all(overlap(a, b) <= 0 for a, b in itertools.combinations(boxes, 2))
    assert all(overlap(box, around(dot)) <= 0 for box in boxes for dot in found.dots)
    left, top, right, bottom = found.frame
    for box in (*boxes, *map(around, found.dots)):
        assert left <= box[0] and top <= box[1] and box[2] <= right and box[3] <= bottom
    for label in found.labels:
        width = canvas.text_width(label.text, TEXT_SIZE)
        assert label.box[2] - label.box[0] >= width
        # It is at a dot, or a line leads there.
        if label.leader:
            assert label.leader[0] in [dot.center for dot in found.dots]
        else:
            nearest = max(overlap(label.box, around(dot)) for dot in found.dots)
            assert nearest > -15


@hypothesis.given(
    strategies.lists(
        strategies.tuples(strategies.floats(0, 10), strategies.floats(0, 1)),
        min_size=1,
        max_size=30,
    )
)
@hypothesis.settings(max_examples=30)
def test_dots_lie_where_the_ticks_say(points):
    dots = [Dot(f"{i}", "a", x, y) for i, (x, y) in enumerate(points)]
    found = layout.lay_out(Plot(dots, "a", ("x", "y")), 600, 400, labelled=3)
    for axis in (0, 1):
        ticks = [(pixel, float(text)) for pixel, text in found.ticks[axis]]
        if len(ticks) > 1 and ticks[0][1] != ticks[-1][1]:
            (p0, v0), (p1, v1) = ticks[0], ticks[-1]
            for placed in found.dots:
                value = (placed.dot.x, placed.dot.y)[axis]
                expected = p0 + (value - v0) / (v1 - v0) * (p1 - p0)
                assert placed.center[axis] == pytest.approx(expected, abs=1e-3)


def test_the_best_lies_on_top():
    found = layout.lay_out(Plot(scattered(20), "ab", ("x", "y")), 600, 400, labelled=0)
    names = [placed.dot.name for placed in found.dots]
    major = [f"network_{number}" for number in range(9, -1, -1)]
    assert names[-10:] == major


def test_whiskers_that_are_far_longer_than_the_rest_are_cut_off():
    dots = [Dot(f"{i}", "a", i, 0.3 + i / 100, (0.29 + i / 100, 0.31 + i / 100)) for i in range(9)]
    wide = [*dots, Dot("wide", "a", 9, 0.34, (0.0, 1.0))]
    found = layout.lay_out(Plot(wide, "a", ("x", "y")), 600, 400, labelled=0)
    whiskers = {placed.dot.name: (placed.whisker, placed.caps) for placed in found.dots}
    assert whiskers["wide"] == ((found.frame[1], found.frame[3]), ())
    assert all(len(whiskers[dot.name][1]) == 2 for dot in dots)
    heights = [placed.center[1] for placed in found.dots]
    assert max(heights) - min(heights) > (found.frame[3] - found.frame[1]) / 4


def test_the_legend_has_the_groups_that_have_dots_on_as_many_lines_as_it_takes():
    groups = [f"arm_with_a_name_{number}" for number in range(12)]
    dots = [Dot(name, name, 1, 1, minor=name == groups[3]) for name in groups if name != groups[5]]
    found = layout.lay_out(Plot(dots, groups, ("x", "y"), "small ones"), 600, 400, labelled=0)
    numbers = [entry.group for entry in found.legend]
    assert numbers == [*(number for number in range(12) if number != 5), None]
    assert found.legend[-1].text == "small ones"
    for one, other in itertools.pairwise(found.legend):
        right = one.place[0] + layout.LEGEND_TEXT + canvas.text_width(one.text)
        assert right <= 600
        same_line = one.place[1] == other.place[1]
        assert right < other.place[0] if same_line else one.place[1] < other.place[1]
    assert found.legend[-1].place[1] < found.frame[1]
