"""Checks of flag values that end a program with one sentence."""

from collections.abc import Sequence

from deeplab_nas.errors import UserError


def at_least(name: str, value: int, lowest: int) -> None:
    """Raises `UserError` unless `value` is `lowest` or more."""
    if value < lowest:
        raise UserError(f"Expected --{name} to be {lowest} or more, found {value}.")


def between(name: str, value: int, lowest: int, highest: int) -> None:
    """Raises `UserError` unless `value` is `lowest`, `highest` or between them."""
    if not lowest <= value <= highest:
        raise UserError(f"Expected --{name} between {lowest} and {highest}, found {value}.")


def positive(name: str, value: float) -> None:
    """Raises `UserError` unless `value` is a finite number above 0."""
    if not 0 < value < float("inf"):
        raise UserError(f"Expected --{name} to be a number above 0, found {value}.")


def not_negative(name: str, value: float) -> None:
    """Raises `UserError` unless `value` is a finite number, 0 or above."""
    if not 0 <= value < float("inf"):
        raise UserError(f"Expected --{name} to be 0 or a number above it, found {value}.")


def share(name: str, value: float) -> None:
    """Raises `UserError` unless `value` is 0 or above and below 1."""
    if not 0 <= value < 1:
        raise UserError(f"Expected --{name} to be 0 or more and below 1, found {value}.")


def one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raises `UserError` unless `value` is one of `known`."""
    if value not in known:
        raise UserError(f"Expected --{name} to be one of {', '.join(known)}, found '{value}'.")


def size(name: str, text: str) -> tuple[int, int]:
    """Reads `(height, width)` from one or two positive integers, or raises `UserError`."""
    try:
        sides = [int(side) for side in text.split(",")]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2) or min(sides) < 1:
        raise UserError(
            f"Expected --{name} to be one or two positive integers, such as 321 or 1025,2049, "
            f"found '{text}'."
        )
    return sides[0], sides[-1]


def integers(name: str, texts: Sequence[str], lowest: int) -> tuple[int, ...]:
    """Reads integers of `lowest` or more, or raises `UserError`."""
    try:
        values = tuple(int(text) for text in texts)
    except ValueError:
        values = ()
    if not values or min(values) < lowest:
        raise UserError(
            f"Expected --{name} to be integers of {lowest} or more, such as 6,12,18, found "
            f"'{','.join(texts)}'."
        )
    return values


def numbers(name: str, texts: Sequence[str]) -> tuple[float, ...]:
    """Reads finite numbers, 0 or above, or raises `UserError`."""
    try:
        values = tuple(float(text) for text in texts)
    except ValueError:
        values = ()
    if not values or not all(0 <= value < float("inf") for value in values):
        raise UserError(
            f"Expected --{name} to be numbers, 0 or above, such as 1,0.5, found "
            f"'{','.join(texts)}'."
        )
    return values
