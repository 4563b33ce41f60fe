"""A value of a JSON document that anybody may have written, checked where it is taken out."""

import reprlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from deeplab_nas.errors import UserError

MAX_INTEGER = 2**63 - 1

_SHORTENED = reprlib.Repr()
_SHORTENED.maxstring = _SHORTENED.maxother = 60
_SHORTENED.maxlevel = 3


class Field(NamedTuple):
    """A value of a document, and what a refusal has to tell about it.

    A method that returns a kind of value raises `UserError` where this one is of another kind; the
    sentence names it.

    Attributes:
        value: What `json` made of it.
        place: The document, such as the path of its file.
        advice: What to do where the document is refused, without a full stop.
        name: Where in the document the value stands, such as `colormap[3][0]`; empty at its top.
    """

    value: Any
    place: str
    advice: str
    name: str = ""

    def refusal(self, expected: str) -> UserError:
        """The error to raise where the value is not what was `expected`."""
        what = f"{self.name} to be {expected}" if self.name else expected
        return UserError(
            f"Expected {what} in {self.place}, found {shown(self.value)}: {self.advice}."
        )

    def member(self, key: str) -> "Field":
        """Returns the value of a key that has to be there."""
        if not isinstance(self.value, dict) or key not in self.value:
            raise self.refusal(f"an object with the key {key!r}")
        return self._below(key)

    def members(self) -> dict[str, "Field"]:
        """Returns the values of an object of any keys."""
        if not isinstance(self.value, dict):
            raise self.refusal("an object")
        return {key: self._below(key) for key in self.value}

    def record(
        self, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, "Field"]:
        """Returns the values of an object of given keys.

        Args:
            required: Keys that have to be there.
            optional: Keys that may be there, and no others.
        """
        keys = ", ".join((*required, *optional))
        if not isinstance(self.value, dict):
            raise self.refusal(f"an object with the keys {keys}")
        missing = [key for key in required if key not in self.value]
        unknown = [key for key in self.value if key not in required and key not in optional]
        if missing or unknown:
            wrong = (
                f"lacks the key {missing[0]!r}"
                if missing
                else f"has an unknown key {shown(unknown[0])}"
            )
            where = f"{self.name} in {self.place}" if self.name else self.place
            raise UserError(f"Expected the keys {keys} in {where}, but it {wrong}: {self.advice}.")
        return self.members()

    def items(self, length: int | None = None) -> Iterator["Field"]:
        """Returns the values of an array.

        Args:
            length: How many there have to be; None for any number.
        """
        if not isinstance(self.value, list) or length not in (None, len(self.value)):
            raise self.refusal("an array" if length is None else f"an array of {length}")
        # One at a time, because a hostile array is long.
        return (
            Field(value, self.place, self.advice, f"{self.name}[{number}]")
            for number, value in enumerate(self.value)
        )

    def integer(self, least: int = 0, most: int = MAX_INTEGER) -> int:
        """Returns an integer in `least..most`."""
        # `type` and not `isinstance`, because bool is a subclass of int.
        if type(self.value) is not int or not least <= self.value <= most:
            raise self.refusal(
                f"an integer in {least}..{most}" if most < MAX_INTEGER else f"an integer >= {least}"
            )
        return self.value

    def number(self) -> int | float:
        """Returns a number."""
        if type(self.value) not in (int, float):
            raise self.refusal("a number")
        return self.value

    def text(self) -> str:
        """Returns a string."""
        if not isinstance(self.value, str):
            raise self.refusal("a string")
        return self.value

    def line(self) -> str:
        """Returns a string without line breaks, such as a name."""
        if not isinstance(self.value, str) or self.value.splitlines() not in ([], [self.value]):
            raise self.refusal("a string of one line")
        return self.value

    def scalar(self) -> str | int | float | bool | None:
        """Returns a value that holds no others."""
        if isinstance(self.value, (list, dict)):
            raise self.refusal("a string, a number, true, false or null")
        return self.value

    def _below(self, key: str) -> "Field":
        name = key if key.isidentifier() and len(key) < 60 else shown(key)
        return Field(
            self.value[key], self.place, self.advice, f"{self.name}.{name}" if self.name else name
        )


def as_json(value: Any) -> Any:
    """Returns a value as it comes back from JSON, with lists for tuples."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    return [as_json(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def shown(value: Any) -> str:
    """Returns a value as a message shows it: on one line, and not longer than a line or two."""
    return _SHORTENED.repr(value)
