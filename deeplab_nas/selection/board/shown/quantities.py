"""Counts, bytes and seconds in units that people read."""

from collections.abc import Iterable
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit for all values of a column or an axis.

    Attributes:
        divisor: What a value is divided by.
        name: Such as `billions`; empty where nothing is divided.
        digits: Digits behind the point.
    """

    divisor: float
    name: str
    digits: int

    def text(self, value: float) -> str:
        """Returns a value in this unit, without its name."""
        return f"{value / self.divisor:,.{self.digits}f}"


_COUNTS = (
    Unit(1e15, "quadrillions", 2),
    Unit(1e12, "trillions", 2),
    Unit(1e9, "billions", 3),
    Unit(1e6, "millions", 3),
    Unit(1, "", 0),
)
_BYTES = (Unit(2**30, "GiB", 2), Unit(2**20, "MiB", 1), Unit(2**10, "KiB", 1), Unit(1, "bytes", 0))
_SECONDS = (Unit(3600, "hours", 2), Unit(60, "minutes", 1), Unit(1, "seconds", 1))


def of_counts(values: Iterable[float]) -> Unit:
    """Returns the unit for counts, such as billions of multiply-adds."""
    return _fitting(_COUNTS, values)


def of_bytes(values: Iterable[float]) -> Unit:
    """Returns the unit for bytes."""
    return _fitting(_BYTES, values)


def of_seconds(values: Iterable[float]) -> Unit:
    """Returns the unit for times."""
    return _fitting(_SECONDS, values)


def in_words(unit: Unit, value: float) -> str:
    """Returns a value with the name of its unit: `1.523 billion`, `86.1 MiB`."""
    # One of several is named in the singular.
    name = unit.name.removesuffix("s") if unit in _COUNTS else unit.name
    return f"{unit.text(value)} {name}".rstrip()


def _fitting(units: tuple[Unit, ...], values: Iterable[float]) -> Unit:
    largest = max(values, default=0)
    return next((unit for unit in units if largest >= unit.divisor), units[-1])
