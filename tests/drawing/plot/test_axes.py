"""Round values are round, few, and all there are."""

import math

import hypothesis
import pytest
from hypothesis import strategies

from deeplab_nas.drawing.plot import axes


@hypothesis.given(
    strategies.floats(-1e6, 1e6), strategies.floats(1e-3, 1e6), strategies.integers(2, 12)
)
def test_round_values(low, span, most):
    high = low + span
    found = axes.round_values(low, high, most)
    assert len(found) <= most
    assert all(low <= value <= high for value, _ in found)
    assert [float(text) for _, text in found] == [value for value, _ in found]
    if len(found) > 1:
        steps = {round((b[0] - a[0]) / span, 6) for a, b in zip(found, found[1:], strict=False)}
        assert len(steps) == 1
        step = found[1][0] - found[0][0]
        mantissa = step / 10 ** math.floor(math.log10(step) + 1e-6)
        assert min(abs(mantissa - each) for each in (1, 2, 5)) < 1e-3
        # The next smaller step, 2.5 times smaller at most, would make too many.
        assert span / (step / 2.5) > most - 1


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0.0, 1.0, 6, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (1.38, 1.62, 9, ["1.40", "1.45", "1.50", "1.55", "1.60"]),
        (-3.0, 12.0, 4, ["0", "5", "10"]),
        (0.0, 35000.0, 4, ["0", "10000", "20000", "30000"]),
    ],
)
def test_texts(low, high, most, texts):
    assert [text for _, text in axes.round_values(low, high, most)] == texts


@pytest.mark.parametrize("values", [[], [0.3], [0.0, 0.0], [1.0, 2.0], [1e15, 1e15], [-5.0]])
def test_an_axis_shows_all_values_off_its_ends(values):
    low, high = axes.shown_range(values)
    assert low < high
    assert all(low < value < high for value in values)
    assert axes.round_values(low, high, 5)


def test_a_scale_goes_through_its_ends():
    scale = axes.Scale(2.0, 4.0, 100.0, 0.0)
    assert [scale(value) for value in (2.0, 3.0, 4.0)] == [100.0, 50.0, 0.0]
