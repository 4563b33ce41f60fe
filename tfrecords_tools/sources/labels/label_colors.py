"""The file that says which class each colour of colour-coded labels is."""

import csv
import dataclasses

import numpy as np

from deeplab_nas.data import manifests
from deeplab_nas.errors import UserError
from deeplab_nas.files import untrusted_json
from tfrecords_tools.sources.labels import label_files
from tfrecords_tools.sources.labels.id_map import IGNORED

_FORM = "'name, r, g, b' or 'r g b name'"
_MAX_BYTES = 2**20
_HEADER = {"name", "r", "g", "b"}
_MAX_LINE = 1000
# Names, in any case, of colours that are no class.
_IGNORED_NAMES = ("ignore", "void")


@dataclasses.dataclass(frozen=True)
class LabelColors:
    """The classes of colour-coded labels.

    Attributes:
        path: The file that names them.
        class_names: One name a class.
        colormap: One `(red, green, blue)` in 0..255 a class.
        ignored: Names and colours that are ignored.
    """

    path: str
    class_names: tuple[str, ...]
    colormap: tuple[tuple[int, int, int], ...]
    ignored: tuple[tuple[str, tuple[int, int, int]], ...]

    def read(self, raw: bytes, name: str) -> np.ndarray:
        """Reads a label file, whose name is for messages.

        Returns:
            Classes and `IGNORED`, uint8 `[height, width]`.

        Raises:
            UserError: If the file cannot be read, or if it has colours that are not named.
        """
        codes = label_files.read_colors(raw, name)
        known = np.array(
            [label_files.color_code(*color) for color in (*self.colormap, *self._ignored_colors())]
        )
        classes = np.full(len(known), IGNORED, np.uint8)
        classes[: len(self.colormap)] = np.arange(len(self.colormap))
        order = np.argsort(known)
        places = order[np.searchsorted(known, codes, sorter=order).clip(max=len(known) - 1)]
        wrong = known[places] != codes
        if wrong.any():
            unknown = label_files.count_colors(codes[wrong])
            raise UserError(
                f"Expected the colours of --label_colors={self.path} in {name}, found "
                f"{len(unknown)} that it does not name, {label_files.show_colors(unknown)}: add "
                "them to that file, or correct the label if they are blurred edges."
            )
        return classes[places]

    def _ignored_colors(self):
        return [color for _, color in self.ignored]


def load(path: str) -> LabelColors:
    """Reads a file of colours.

    A line is a class, numbered in their order: `name, r, g, b`, with commas or semicolons, or
    `r g b name` or `name r g b`, with blanks or tabs. A colour named `ignore` or `void` is ignored.
    The line `name, r, g, b` at the top, empty lines and those that begin with # are skipped.

    Raises:
        UserError: The file cannot be read, a line is none, or a name or colour stands twice.
    """
    advice = f"give a text file of lines {_FORM}"
    try:
        text = untrusted_json.read(path, _MAX_BYTES, advice).decode("utf-8-sig")
    except UnicodeError as error:
        raise UserError(
            f"Expected UTF-8 text in --label_colors={path}, found none: {advice}."
        ) from error
    names, colors, ignored = [], [], []
    line_of: dict[tuple[int, int, int], int] = {}
    may_be_header = True
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        fields = _fields(line)
        if may_be_header and {field.lower() for field in fields} == _HEADER:
            may_be_header = False
            continue
        may_be_header = False
        name, color = _parse(fields, f"line {number} of --label_colors={path}", line)
        if color in line_of:
            raise UserError(
                f"Expected every colour once in --label_colors={path}, found {color} in lines "
                f"{line_of[color]} and {number}: remove one."
            )
        line_of[color] = number
        if name.lower() in _IGNORED_NAMES:
            ignored.append((name, color))
        else:
            names.append(name)
            colors.append(color)
    wrong = manifests.wrong_name(names)
    if wrong:
        raise UserError(
            f"Expected class names in --label_colors={path} to be {wrong.expected}, found "
            f"{wrong.name!r}: correct it."
        )
    if not 2 <= len(names) <= IGNORED:
        raise UserError(
            f"Expected 2 to {IGNORED} classes in --label_colors={path}, found {len(names)}: give "
            f"each a line {_FORM}."
        )
    return LabelColors(path, tuple(names), tuple(colors), tuple(ignored))


def _fields(line: str) -> list[str]:
    for separator in (",", ";"):
        if separator in line:
            # A name in quotes may have the separator.
            rows = csv.reader([line[:_MAX_LINE]], delimiter=separator, skipinitialspace=True)
            return [field.strip() for field in next(rows)]
    words = line.split()
    # The name may have blanks, the numbers stand together before or after it.
    if all(map(_is_number, words[:3])) and len(words) > 3:
        return [*words[:3], " ".join(words[3:])]
    return [" ".join(words[:-3]), *words[-3:]]


def _parse(fields, place, line):
    if len(fields) == 4:
        for name, numbers in ((fields[0], fields[1:]), (fields[3], fields[:3])):
            if name and all(map(_is_number, numbers)):
                return name, tuple(map(int, numbers))
    raise UserError(
        f"Expected {_FORM} with colours of 0 to 255 in {place}, found {line.strip()[:80]!r}."
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 255
