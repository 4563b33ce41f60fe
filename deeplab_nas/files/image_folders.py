"""The image files of a folder and its sub-folders, by their names alone."""

import collections
import dataclasses
import os
import posixpath
import unicodedata
from collections.abc import Iterable, Iterator

import tensorflow as tf

from deeplab_nas.errors import UserError

SUFFIXES = frozenset(
    {
        *(".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm"),
        *(".ppm", ".tif", ".tiff", ".webp"),
    }
)
# Besides hidden files: what macOS, Windows and file servers leave in folders of other people's.
_NO_DATA = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "#recycle"),
        *("$recycle.bin", "system volume information", "lost+found"),
    }
)
_MOST_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class ImageFolder:
    """What is in a folder.

    Attributes:
        folder: The folder.
        names: Its image files, relative to it and with `/`, in the order of their parts.
        others: How many files have another extension, by the extension; those that are no data,
            such as hidden ones, are not counted.
    """

    folder: str
    names: tuple[str, ...]
    others: dict[str, int]

    def told_others(self) -> str:
        """The other files as `12 .npy, 1 .txt`; empty if there are none."""
        common = sorted(self.others.items(), key=lambda item: (-item[1], item[0]))
        told = [f"{count} {extension or 'without extension'}" for extension, count in common]
        more = [f"{len(told) - _MOST_SHOWN} other kinds"] if len(told) > _MOST_SHOWN else []
        return ", ".join(told[:_MOST_SHOWN] + more)


def is_image(name: str) -> bool:
    """Whether a file has the extension of an image."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def is_one_line(text: str) -> bool:
    """Whether a text is free of control characters and line ends."""
    return not any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in text)


def is_data(name: str) -> bool:
    """Whether a file or folder is somebody's data, and not hidden or left by a system."""
    return not name.startswith(".") and name.lower() not in _NO_DATA


def place(path: str) -> str:
    """The one name of a file or folder, without links and `..`, by which it is told from others."""
    path = path.removeprefix("file://")
    return path.rstrip("/") if "://" in path else os.path.realpath(path)


def lies_in(path: str, places: Iterable[str]) -> bool:
    """Whether a file or folder is at one of some places, as `place` gives them, or below one."""
    inner = place(path)
    return any(f"{inner}/".startswith(f"{outer}/") for outer in places)


def find(folder: str, without: Iterable[str] = ()) -> ImageFolder:
    """Finds the image files of a folder and its sub-folders.

    Links are followed. A folder that several names lead to is entered once, by a name without links
    where it has one, so that links in a circle come to an end.

    Args:
        folder: The folder, local or on any file system that TensorFlow knows.
        without: Files and folders below it that are left out, such as those that a program writes.

    Returns:
        What is there.

    Raises:
        UserError: A folder cannot be read, or a name is not Unicode.
    """
    seen = {place(path) for path in without} - {place(folder)}
    names, others = [], collections.Counter()
    # Linked folders wait until all others have been entered.
    waiting, linked = [""], []
    while waiting or linked:
        here = waiting.pop() if waiting else linked.pop(0)
        entered = place(posixpath.join(folder, here))
        if entered in seen:
            continue
        seen.add(entered)
        for entry in _entries(posixpath.join(folder, here)):
            name = posixpath.join(here, entry.name)
            if not is_data(entry.name):
                continue
            if entry.is_folder:
                (linked if entry.is_link else waiting).append(name)
            elif posixpath.join(entered, entry.name) in seen:
                continue
            elif is_image(entry.name):
                names.append(name)
            else:
                others[os.path.splitext(entry.name)[1].lower()] += 1
    return ImageFolder(folder, tuple(sorted(names, key=lambda name: name.split("/"))), dict(others))


@dataclasses.dataclass(frozen=True)
class _Entry:
    """What a folder lists: a name, and what stands behind it."""

    name: str
    is_folder: bool
    is_link: bool


def _entries(folder: str) -> Iterator[_Entry]:
    """What a folder lists, sorted by name."""
    try:
        if "://" in folder.removeprefix("file://"):
            for name in sorted(tf.io.gfile.listdir(folder)):
                is_folder = tf.io.gfile.isdir(posixpath.join(folder, name))
                yield _Entry(name.rstrip("/"), is_folder, is_link=False)
            return
        with os.scandir(folder.removeprefix("file://")) as listed:
            for entry in sorted(listed, key=lambda entry: entry.name):
                if is_data(entry.name):
                    _check_name(entry.name, folder)
                # Of a link to itself `entry.is_dir()` raises.
                yield _Entry(entry.name, os.path.isdir(entry.path), entry.is_symlink())
    except (OSError, tf.errors.OpError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message.splitlines()[0]
        raise UserError(
            f"Expected a readable folder at {folder.rstrip('/') or '/'}, found none ({reason})."
        ) from error


def _check_name(name: str, folder: str) -> None:
    """Refuses a name that no record and no message could hold."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"Expected names in UTF-8 in {folder.rstrip('/')}, found {os.fsencode(name)}: rename "
            "it, such as with convmv."
        ) from error
    if not is_one_line(name):
        raise UserError(
            f"Expected names of letters in {folder.rstrip('/')}, found {ascii(name)}: rename it."
        )
