"""Lists of examples as data sets have them: a text with an example a line, of whatever origin."""

import codecs
import dataclasses
import pathlib
import re

from deeplab_nas.errors import UserError
from deeplab_nas.files import git_lfs, image_folders
from tfrecords_tools.sources import source_files

_MAX_BYTES = 2**26
_MAX_LINE = 1000
_SHOWN = 60
# The longer marks first: that of UTF-32 begins like that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_WINDOWS = "windows-1252"


@dataclasses.dataclass(frozen=True)
class NameList:
    """A list.

    Attributes:
        place: Its path and, where that may be wrong, what it was read as, for messages.
        lines: The lines that are not empty, without space around them.
    """

    place: str
    lines: tuple[str, ...]


def read(path: pathlib.Path) -> NameList:
    """Reads a list.

    Text is UTF-8 or, with a mark that says so or with every other byte zero, UTF-16 or UTF-32.
    What is none of these is read as Windows-1252: whether that was right shows in files of the
    names that are there or not. Lines may end as on Linux, Windows and old Macs.

    Args:
        path: The list.

    Returns:
        Its lines, one at least.

    Raises:
        UserError: It cannot be read, is empty, too large or no text.
    """
    raw = source_files.read(path)
    git_lfs.refuse_pointer(raw, str(path))
    if len(raw) > _MAX_BYTES:
        raise UserError(
            f"Expected a list of names of at most {_MAX_BYTES} bytes in {path}, found {len(raw)}: "
            "correct the path."
        )
    text, encoding = _decoded(raw, path)
    # Marks also stand where lists were joined.
    lines = (line.strip("\ufeff \t\v\f\x1a\xa0") for line in re.split(r"\r\n|\r|\n", text))
    kept = tuple(filter(None, lines))
    if not kept:
        raise UserError(f"Expected a name in every line of {path}, found none: correct the list.")
    for line in kept:
        if len(line) > _MAX_LINE or not image_folders.is_one_line(line.replace("\t", " ")):
            raise UserError(
                f"Expected a name in every line of {path}, found {ascii(line[:_SHOWN])}"
                f"{' and more' * (len(line) > _SHOWN)}: give a list of names as UTF-8 text."
            )
    read_as = f" (no UTF-8, read as {encoding}: save it as UTF-8)" if encoding == _WINDOWS else ""
    return NameList(f"{path}{read_as}", kept)


def _decoded(raw: bytes, path: pathlib.Path) -> tuple[str, str]:
    """The text, and what it was read as."""
    candidates = ["utf-8", _WINDOWS]
    for mark, encoding in _MARKS.items():
        if raw.startswith(mark):
            raw, candidates = raw[len(mark) :], [encoding]
            break
    else:
        # Letters of Western languages in UTF-16 have a zero in one of two places, not in the other.
        first, second = raw[::2].count(0), raw[1::2].count(0)
        if 4 * max(first, second) > len(raw) and not min(first, second):
            candidates = ["utf-16-be" if first else "utf-16-le"]
    for encoding in candidates:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise UserError(
        f"Expected a list of names as UTF-8 text in {path}, found bytes that are no "
        f"{' and no '.join(candidates)}: save it as UTF-8."
    )
