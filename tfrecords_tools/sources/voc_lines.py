"""A line of a list in the folder of PASCAL VOC, and the image and the label that it means."""

import os
import pathlib
import re
import unicodedata
from collections.abc import Iterator

from deeplab_nas.errors import UserError
from deeplab_nas.files import image_folders
from tfrecords_tools.sources.pairs import Pair

_IMAGES = "JPEGImages"
# What the lists of a class say behind a name: in the image, hardly visible, not in it.
_IN_IMAGE = {"1": True, "0": True, "-1": False}


def find_pair(line: str, root: pathlib.Path, labels: pathlib.Path, place: str) -> Pair | None:
    """Finds the files that a line means.

    A line is one of

    - a name, such as `2007_000032`, or the image's file name or path,
    - that and 1, 0 or -1, as in VOC's lists of a class,
    - an image and its label, `/JPEGImages/2007_000032.jpg /SegmentationClassAug/2007_000032.png`,
      as in the lists that go with the SBD.

    Args:
        line: The line.
        root: Folder of the data set, which paths are relative to.
        labels: Folder of the labels whose folder is not named.
        place: Where the line stands, for messages.

    Returns:
        The pair; None where the line says that a class is not in the image.

    Raises:
        UserError: If the line is something else, or if a file is missing.
    """
    columns = [line] if _is_name(line, root) else re.split(r"[\s,;]+", line)
    image = _image(columns[0], root)
    label = _first_there([labels / f"{_stem(columns[0])}.png"])
    if len(columns) == 2 and columns[1] in _IN_IMAGE:
        if not _IN_IMAGE[columns[1]]:
            return None
    elif len(columns) == 2 and _is_label(*columns):
        label = _label(columns[1], root, labels)
    elif len(columns) != 1:
        raise UserError(
            f"Expected a name, a name and 1, 0 or -1, or an image and a label in every line of "
            f"{place}, found '{line}': write one example a line."
        )
    for path in (image, label):
        if not os.path.isfile(path):
            raise UserError(f"Expected {path}, which {place} names, found none.")
    return Pair(unicodedata.normalize("NFC", _stem(columns[0])), image, label)


def _is_name(line: str, root: pathlib.Path) -> bool:
    """Whether a whole line, with what would part columns, is the name of an image."""
    folder = root / _IMAGES
    return os.path.isfile(_first_there([folder / line, folder / f"{line}.jpg"]))


def _is_label(image: str, text: str) -> bool:
    return image_folders.is_image(text) or "/" in text or text == image


def _image(text: str, root: pathlib.Path) -> pathlib.Path:
    name = _parts(text)[-1]
    folder = root / _IMAGES
    return _first_there([folder / name, *_below(text, root), folder / f"{_stem(text)}.jpg"])


def _label(text: str, root: pathlib.Path, labels: pathlib.Path) -> pathlib.Path:
    parts = _parts(text)
    if len(parts) > 1:
        return _first_there([*_below(text, root), root.joinpath(*parts)])
    return _first_there([labels / parts[0], labels / f"{_stem(text)}.png"])


def _below(text: str, root: pathlib.Path) -> Iterator[pathlib.Path]:
    """Files below the root that a path may mean, which may begin further up."""
    parts = _parts(text)
    for first in range(len(parts) - 1):
        yield root.joinpath(*parts[first:])


def _parts(text: str) -> list[str]:
    """Names of the folders and of the file; nothing that leads out of a folder is left."""
    parts = re.split(r"[/\\]+", text)
    return [part for part in parts if part not in ("", ".", "..")] or ["."]


def _stem(text: str) -> str:
    name = _parts(text)[-1]
    return os.path.splitext(name)[0] if image_folders.is_image(name) else name


def _first_there(paths: list[pathlib.Path]) -> pathlib.Path:
    """The first path that is a file, in either form of its accented letters; else the last one."""
    for path in paths:
        for form in ("NFC", "NFD"):
            found = path.parent / unicodedata.normalize(form, path.name)
            if os.path.isfile(found):
                return found
    return paths[-1]
