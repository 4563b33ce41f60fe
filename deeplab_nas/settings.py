"""Settings: a field says its default, its meaning, the paper's value and what it may be, once.

A configuration is a frozen dataclass below `Settings`, whose fields `setting` and `required` make.
Its flags, its `--help`, its checks and what may change when a run is resumed all come from there.
"""

import dataclasses
import functools
import math
import numbers
import os
import reprlib
import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any

from deeplab_nas.errors import UserError

_KEY = "setting"
_SHORTENED = reprlib.Repr()
_SHORTENED.maxstring = _SHORTENED.maxother = 200
_KINDS = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a field says about itself besides its type and its default.

    Attributes:
        meaning: What it is, with its unit; `{choices}` stands for the choices.
        paper: The paper's value.
        official: The value of the official code.
        choices: The texts that it may be, besides its default; empty for any.
        least: Smallest number that it, or each number in it, may be.
        above: What each number has to be larger than.
        most: Largest number; infinity allows infinity.
        below: What each number has to be smaller than.
        free: Whether a run may be resumed with another value: it says where and how the run
            computes, and not what comes out.
        path: Whether it is the path of a file or a folder, each value of several: `~` and `~user`
            at its beginning become home folders.
        repeated: Whether its flag is given once a value, since values may contain commas.
        example: A value to show where none was given.
    """

    meaning: str
    paper: str = ""
    official: str = ""
    choices: Sequence[str] = ()
    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None
    free: bool = False
    path: bool = False
    repeated: bool = False
    example: str = ""

    @property
    def help(self) -> str:
        """The meaning and where the default comes from, as `--help` shows them."""
        sources = [("paper", self.paper), ("official", self.official)]
        told = "; ".join(f"{source}: {value}" for source, value in sources if value)
        meaning = self.meaning.format(choices=", ".join(self.choices))
        return f"{meaning} {told[0].upper()}{told[1:]}." if told else meaning

    @property
    def range(self) -> str:
        """Which numbers it takes, such as `1 or more`; empty for all."""
        if self.least is not None and self.most is not None:
            return f"between {self.least} and {self.most}"
        if self.above is not None and self.most is not None:
            return f"above {self.above} and at most {self.most}"
        if self.below is not None:
            return f"{self.least} or more and below {self.below}"
        if self.above is not None:
            return f"a number above {self.above}"
        return "" if self.least is None else f"{self.least} or more"

    def contains(self, number: float) -> bool:
        """Whether a number lies in the range; infinity does only where `most` says so."""
        return (
            (self.least is None or number >= self.least)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
            and (number <= self.most if self.most is not None else math.isfinite(number))
        )


def setting(default: Any, meaning: str, **says: Any) -> Any:
    """Makes a field of a configuration; `says` are the attributes of `Setting`."""
    return dataclasses.field(default=default, metadata={_KEY: Setting(meaning, **says)})


def required(meaning: str, **says: Any) -> Any:
    """Makes a field that has no default."""
    return dataclasses.field(metadata={_KEY: Setting(meaning, **says)})


class Settings:
    """A configuration: checks each of its values when it is made."""

    def __post_init__(self) -> None:
        for field in fields_of(type(self)):
            value = getattr(self, field.name)
            _check(field, value)
            if field.setting is not None and field.setting.path:
                # The dataclasses are frozen for everybody else.
                object.__setattr__(self, field.name, _from_home(field.name, value))
        self.check_together()

    def check_together(self) -> None:
        """Raises `UserError` for values that do not go together; a subclass knows which."""


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a configuration.

    Attributes:
        name: Of the field and of its flag.
        type: What it is annotated with.
        default: `dataclasses.MISSING` where there is none.
        setting: None for a configuration within the configuration.
    """

    name: str
    type: Any
    default: Any
    setting: Setting | None

    @functools.cached_property
    def alternatives(self) -> tuple[Any, ...]:
        """The types that the values may have."""
        is_union = isinstance(self.type, types.UnionType)
        return typing.get_args(self.type) if is_union else (self.type,)


@functools.cache
def fields_of(config_class: type[Settings]) -> tuple[Field, ...]:
    """The fields of a configuration, in order."""
    hints = typing.get_type_hints(config_class)
    return tuple(
        Field(field.name, hints[field.name], field.default, field.metadata.get(_KEY))
        for field in dataclasses.fields(config_class)
    )


def leaves(config_class: type[Settings], default: Settings | None = None) -> Iterator[Field]:
    """The fields of a configuration and of those within it, which have names of their own.

    Args:
        config_class: The class.
        default: Where the defaults come from; those of the class by default.

    Yields:
        The fields that are settings; one that holds a configuration stands for its fields.
    """
    for field in fields_of(config_class):
        value = field.default if default is None else getattr(default, field.name)
        if field.setting is None:
            yield from leaves(field.type, value)
        else:
            yield dataclasses.replace(field, default=value)


def free_names(config_class: type[Settings]) -> frozenset[str]:
    """Names of the settings that may change when a run is resumed."""
    return frozenset(field.name for field in leaves(config_class) if field.setting.free)


def record(config: Settings) -> dict[str, Any]:
    """The settings by flag name, in one level, with the types that JSON gives back."""
    found: dict[str, Any] = {}
    for field in fields_of(type(config)):
        value = getattr(config, field.name)
        found.update(record(value) if field.setting is None else {field.name: _as_json(value)})
    return found


def defaults(config_class: type[Settings]) -> dict[str, Any]:
    """The defaults of the settings that have one, as `record` has them."""
    return {
        field.name: _as_json(field.default)
        for field in leaves(config_class)
        if field.default is not dataclasses.MISSING
    }


def from_record(config_class: type[Settings], recorded: dict[str, Any]) -> Any:
    """Makes a configuration of what `record` returned; settings that it lacks get their default.

    Raises:
        UserError: A value is impossible.
    """

    def value(field):
        if field.setting is None:
            return from_record(field.type, {**record(field.default), **recorded})
        found = recorded[field.name]
        return tuple(found) if isinstance(found, list) else found

    fields = fields_of(config_class)
    known = [field for field in fields if field.setting is None or field.name in recorded]
    return config_class(**{field.name: value(field) for field in known})


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _check(field: Field, value: Any) -> None:
    """Raises `UserError` unless a value is of the field's type and range."""
    says = field.setting
    if says is None:
        if not isinstance(value, field.type):
            raise TypeError(f"{field.name}: expected {field.type.__name__}, found {value!r}.")
        return
    if field.default is dataclasses.MISSING and value in (None, "", ()):
        advice = (
            f"give one, such as --{field.name}={says.example}" if says.example else "see --help"
        )
        raise UserError(f"Expected --{field.name}, found none: {advice}.")
    # Not by their values: 1.0 and True are equal to 1, in a tuple too.
    if repr(value) == repr(field.default):
        return
    if not any(_is_a(value, alternative) for alternative in field.alternatives):
        wanted = " or ".join(map(_kind, field.alternatives))
        raise UserError(f"Expected --{field.name} to be {wanted}, found {_shown(value)}.")
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, str) and not _is_unicode(item):
            raise UserError(
                f"Expected --{field.name} to be text in UTF-8, found {ascii(item)}: a file of that "
                "name has to be renamed first."
            )
        if says.choices and isinstance(item, str) and item not in says.choices:
            choices = ", ".join(says.choices)
            raise UserError(
                f"Expected --{field.name} to be one of {choices}, found {_shown(item)}."
            )
        is_number = isinstance(item, numbers.Real) and not isinstance(item, bool)
        if is_number and not says.contains(item):
            wanted = says.range or "a finite number"
            if item == math.inf and wanted == f"{says.least} or more":
                wanted = f"a finite number, {wanted}"
            raise UserError(f"Expected --{field.name} to be {wanted}, found {item}.")


def _is_unicode(text: str) -> bool:
    """Whether a text is one, and not other bytes that Python got from the command line."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _from_home(name: str, value: Any) -> Any:
    """A path, or a tuple of paths, with home folders in the place of `~` and `~user`."""
    if isinstance(value, tuple):
        return tuple(_from_home(name, path) for path in value)
    if not isinstance(value, str) or not value.startswith("~"):
        return value
    found = os.path.expanduser(value)
    # What is there under that very name is meant.
    if found == value and not os.path.exists(value):
        raise UserError(
            f"Expected --{name} to begin with a home folder, found '{value}' and no home folder "
            f"for '{value.split('/')[0]}': give the whole path, or ./{value} for that very name."
        )
    return found


def _shown(value: Any) -> str:
    """A value on one line, which is not longer than a line or two."""
    return _SHORTENED.repr(value)


def _is_a(value: Any, wanted: Any) -> bool:
    if typing.get_origin(wanted) is tuple:
        items = typing.get_args(wanted)
        if not isinstance(value, tuple):
            return False
        if items[-1] is Ellipsis:
            return all(_is_a(item, items[0]) for item in value)
        return len(value) == len(items) and all(map(_is_a, value, items))
    if wanted in (int, float):
        kind = numbers.Integral if wanted is int else numbers.Real
        return isinstance(value, kind) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _kind(wanted: Any) -> str:
    """What a type is called in a sentence."""
    if typing.get_origin(wanted) is tuple:
        *items, last = typing.get_args(wanted)
        count = "several" if last is Ellipsis else f"{len(items) + 1}"
        return f"a tuple of {count} ({_kind(items[0])} each)"
    return "none" if wanted is types.NoneType else _KINDS[wanted]
