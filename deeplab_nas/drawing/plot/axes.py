"""An axis: what it shows, where its round values are, and at which pixel a value lies."""

import dataclasses
import decimal
import itertools
import math
from collections.abc import Sequence

_PADDING = 0.07


@dataclasses.dataclass(frozen=True)
class Scale:
    """Turns a value into a pixel: `low` lies at `start` and `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)


def shown_range(values: Sequence[float]) -> tuple[float, float]:
    """Returns what an axis shows: all values and a margin, 0 to 1 where there are none."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    margin = (high - low) * _PADDING
    if margin <= 1e-9 * max(abs(low), abs(high)):
        margin = abs(high) * _PADDING or 1.0
    return low - margin, high + margin


def round_values(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Returns the multiples of 1, 2 or 5 times a power of ten between two values.

    Args:
        low: The lower value.
        high: The upper value, above it.
        most: How many there may be.

    Returns:
        The multiples of the smallest such step that makes no more, each with its text.
    """
    exponent = math.floor(math.log10((high - low) / most))
    steps = (
        decimal.Decimal(factor).scaleb(power)
        for power in itertools.count(exponent)
        for factor in (1, 2, 5)
    )
    exact = decimal.Decimal(low), decimal.Decimal(high)
    for step in steps:
        numbers = range(math.ceil(exact[0] / step), math.floor(exact[1] / step) + 1)
        if len(numbers) <= most:
            return [(float(number * step), f"{number * step:f}") for number in numbers]
