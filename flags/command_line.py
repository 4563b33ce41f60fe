"""Reads a command line and its flag files: a flag that is repeated joins, or is refused.

A source is the command line itself or one flag file. Within a source each value counts, as it does
in the official programs (`--atrous_rates=6 --atrous_rates=12`); between sources the later one wins,
which is how a command line overrides the recipe that it names.
"""

import dataclasses
import itertools
import os
import unicodedata
from collections.abc import Iterator, Sequence

from absl import flags

from deeplab_nas.errors import UserError

# absl files flags under the module that asks: with this, under the program and not under this file.
flags.disclaim_key_flags()

_COMMAND_LINE = "on the command line"
_COMMENTS = ("#", "//")


def parse(argv: Sequence[str], values: flags.FlagValues, recipe: str | None = None) -> bool:
    """Parses a command line.

    Args:
        argv: The program and its arguments.
        values: The registry, which takes the values up.
        recipe: Flag file that is read first where the command line names neither a flag file nor a
            data set.

    Returns:
        Whether the recipe was read.

    Raises:
        UserError: A flag is unknown, has no value or several that cannot join, a value cannot be
            read, something is no flag, or a flag file cannot be read.
    """
    reader = _Reader(values)
    arguments = list(reader.read(argv[1:], _COMMAND_LINE))
    names = {given.flag.name for given in arguments if isinstance(given, _Given)}
    uses_recipe = recipe is not None and not reader.has_read_files and "dataset" not in names
    if uses_recipe:
        arguments = [*reader.read_file(recipe), *arguments]
    try:
        values([argv[0], *_each_flag_once(arguments)])
    except (flags.Error, ValueError) as error:
        raise UserError(_one_sentence(error)) from error
    if reader.stray is not None:
        raise UserError(reader.stray)
    return uses_recipe


@dataclasses.dataclass(frozen=True)
class _Given:
    """A flag where it stands, with its value."""

    flag: flags.Flag
    text: str
    spelling: str
    source: int
    place: str


class _Reader:
    """Takes command lines and flag files apart, as absl does.

    Attributes:
        has_read_files: Whether a flag file was named.
        stray: A sentence on the first argument that is no flag; reading stops there.
    """

    def __init__(self, values: flags.FlagValues):
        """Args: values, the registry that knows the flags."""
        self._values = values
        self._sources = itertools.count()
        self._open_files: list[str] = []
        self.has_read_files = False
        self.stray: str | None = None

    def read(self, arguments: Sequence[str], place: str) -> Iterator[_Given | str]:
        """Yields the flags of a source in order; unknown ones and `undefok` as texts."""
        source, rest = next(self._sources), iter(arguments)
        for argument in rest:
            if argument == "--":
                argument = next(rest, None)
                self.stray = argument if argument is None else _stray(argument, place)
                return
            name, equals, text = argument.removeprefix("-").removeprefix("-").partition("=")
            if not argument.startswith("-") or not name:
                self.stray = _stray(argument, place)
                return
            if name == "flagfile":
                yield from self.read_file(text if equals else self._value_after(argument, rest))
            elif name == "undefok":
                yield f"--undefok={text if equals else self._value_after(argument, rest)}"
            elif name in self._values:
                flag = self._values[name]
                if not equals:
                    text = "true" if flag.boolean else self._value_after(argument, rest)
                spelling = argument if flag.boolean else f"--{flag.name}={text}"
                yield _Given(flag, text, spelling, source, place)
            elif self._negates(name) and not equals:
                yield _Given(
                    self._values[name.removeprefix("no")], "false", argument, source, place
                )
            else:
                yield argument
            if self.stray is not None:
                return

    def read_file(self, name: str) -> Iterator[_Given | str]:
        """Yields the flags of a flag file, each line of which is an argument."""
        self.has_read_files = True
        path = os.path.expanduser(name.strip())
        if not path:
            raise UserError("Expected --flagfile to name a flag file, found none: name one.")
        if os.path.realpath(path) in self._open_files:
            raise UserError(
                f"Expected flag files that do not read each other in a circle, found '{name}' "
                "within itself: take that --flagfile out of it."
            )
        try:
            with open(path, encoding="utf-8-sig") as file:
                lines = [line.strip() for line in file]
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
            raise UserError(
                f"Expected --flagfile to name a file of flags, one a line, found '{name}', which "
                f"cannot be read ({reason}): name another."
            ) from error
        self._open_files.append(os.path.realpath(path))
        lines = [line for line in lines if line and not line.startswith(_COMMENTS)]
        yield from self.read(lines, f"in the flag file '{name}'")
        self._open_files.pop()

    def _negates(self, name: str) -> bool:
        positive = name.removeprefix("no")
        return positive != name and positive in self._values and self._values[positive].boolean

    def _value_after(self, argument: str, rest: Iterator[str]) -> str:
        text = next(rest, None)
        name = (text or "")[2:].partition("=")[0]
        is_flag = (text or "").startswith("--") and (name in self._values or name == "flagfile")
        if text is None or is_flag:
            found = f"the flag {text}" if is_flag else "none"
            raise UserError(
                f"Expected a value after {argument}, found {found}: write {argument}=VALUE."
            )
        return text


def _each_flag_once(arguments: Sequence[_Given | str]) -> Iterator[str]:
    """Yields what absl is to parse: each flag as the last source that has it says."""
    sources: dict[str, dict[int, list[_Given]]] = {}
    last: dict[str, int] = {}
    for given in arguments:
        if isinstance(given, str):
            yield given
        else:
            name = given.flag.name
            last[name] = given.source
            sources.setdefault(name, {}).setdefault(given.source, []).append(given)
    for name, by_source in sources.items():
        texts = {source: _joined(several) for source, several in by_source.items()}
        yield from (f"--{name}={text}" for text in texts[last[name]])


def _joined(several: Sequence[_Given]) -> list[str]:
    """The values of a flag that one source gives several times.

    Raises:
        UserError: It takes one value, and they differ.
    """
    flag, texts = several[0].flag, [given.text for given in several]
    if isinstance(flag, flags.MultiFlag):
        return texts
    if isinstance(flag.parser, flags.ListParser):
        return [",".join(texts)]
    if len({_parsed(flag, text) for text in texts}) > 1:
        found = " and ".join(dict.fromkeys(given.spelling for given in several))
        raise UserError(
            f"Expected --{flag.name} once {several[0].place}, since it takes one value, found "
            f"{found}: keep one of them."
        )
    return texts[-1:]


def _parsed(flag: flags.Flag, text: str) -> object:
    try:
        return flag.parser.parse(text)
    except (TypeError, ValueError):
        return text


def _stray(argument: str, place: str) -> str:
    """A sentence on what is no flag."""
    found = f"Only --flag=value arguments are expected, but found '{argument}' {place}"
    if argument and unicodedata.category(argument[0]) == "Pd" or argument[:1] == "\N{MINUS SIGN}":
        return (
            f"{found}, which begins with the dash '{argument[0]}' and not with a hyphen: type two "
            "hyphens in its place."
        )
    return f"{found}: write it as --flag=value, with commas between several values, or see --help."


def _one_sentence(error: Exception) -> str:
    sentence = " ".join(str(error).split())
    if isinstance(error, flags.UnrecognizedFlagError):
        meant = sentence.partition("Did you mean: ")[2].removesuffix(" ?").split(", ")
        perhaps = f"perhaps --{' or --'.join(meant)} is meant, or " if all(meant) else ""
        return f"Expected flags of this program, found --{error.flagname}: {perhaps}see --help."
    return sentence if sentence.endswith(".") else sentence + "."
