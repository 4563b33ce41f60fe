"""The one way to write a file: whole under its name, or not at all, on any file system."""

import contextlib
import io
import json
import os
import re
import zlib
from collections.abc import Iterator
from typing import Any

import PIL.Image
import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import partial_names

# Ends the name of whatever is not whole yet, files and folders. Nothing reads such names.
PARTIAL = partial_names.PARTIAL
# What to do where a file cannot be written.
ADVICE = "make room there, or see who may write there"
# The same, of a file that a run writes again and again.
RESUME_ADVICE = f"{ADVICE}; the same command then goes on from here"
_ANOTHER = "name another one"
# What TensorFlow adds to the reason of an error.
_NODE = re.compile(r"\{\{.*?\}\}|\[Op:.*?\]")


def write_bytes(path: str | os.PathLike[str], data: bytes, advice: str = ADVICE) -> None:
    """Writes a file under a temporary name in the same folder, then renames it.

    Of two programs that write one path at the same time, the later one's file is there at the end.

    Args:
        path: Its name; a file of that name is replaced.
        data: Its contents.
        advice: What to do if it cannot be written, without a full stop.

    Raises:
        UserError: It cannot be written, as on a full disk. What was at `path` is as before.
    """
    path = os.fspath(path)
    with as_user_errors(path, advice):
        temporary = partial_names.make(path)
        try:
            with tf.io.gfile.GFile(temporary, "wb") as file:
                file.write(data)
            tf.io.gfile.rename(temporary, path, overwrite=True)
        except BaseException:
            discard(temporary)
            raise


def write_text(path: str | os.PathLike[str], text: str, advice: str = ADVICE) -> None:
    """Writes a UTF-8 text file, as `write_bytes` does."""
    write_bytes(path, text.encode(), advice)


def write_json(
    path: str | os.PathLike[str], document: Any, indent: int = 1, infinite: bool = False
) -> None:
    """Writes a JSON file, as `write_bytes` does; `infinite` allows numbers that are no JSON.

    Raises:
        ValueError: A number is infinite or not a number, and may not be.
        UserError: The file cannot be written.
    """
    write_text(path, json.dumps(document, indent=indent, allow_nan=infinite) + "\n")


def write_png(
    path: str | os.PathLike[str],
    image: PIL.Image.Image,
    advice: str = ADVICE,
    strategy: int = zlib.Z_DEFAULT_STRATEGY,
) -> None:
    """Writes a picture as PNG, as `write_bytes` does; the strategy is one of zlib's."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_type=strategy)
    write_bytes(path, buffer.getvalue(), advice)


def make_folder(path: str, flag: str, *inner: str) -> None:
    """Makes a folder, with those above it, and makes sure that files can be written there.

    Args:
        path: The folder, which may be there.
        flag: The flag that names it, such as `--output_dir`.
        *inner: Folders in it that are made too.

    Raises:
        UserError: It cannot be made, or nothing can be written there.
    """
    probe = os.path.join(path, f".writable{PARTIAL}")
    try:
        for folder in (path, *inner):
            tf.io.gfile.makedirs(folder)
        with tf.io.gfile.GFile(probe, "wb") as file:
            file.write(b"")
    except tf.errors.OpError as error:
        raise UserError(
            f"Expected a writable folder at {flag}={path}, found that nothing can be written there "
            f"({_reason(error)}): {_ANOTHER}."
        ) from error
    # Of two programs that try at once, one removes it.
    discard(probe)


def check_folder(path: str, flag: str) -> None:
    """Checks, without writing, what would keep `make_folder` from making a folder on a local disk.

    Args:
        path: The folder, which may be there.
        flag: The flag that names it.

    Raises:
        UserError: A file stands in the way, or nothing can be written there.
    """
    there = path
    while "://" not in there and there and not os.path.lexists(there):
        there = os.path.dirname(there.rstrip("/"))
    there = there or "."
    if tf.io.gfile.exists(there) and not tf.io.gfile.isdir(there):
        raise UserError(f"Expected a folder at {flag}={path}, found the file {there}: {_ANOTHER}.")
    if os.path.isdir(there) and not os.access(there, os.W_OK | os.X_OK):
        raise UserError(
            f"Expected a writable folder at {flag}={path}, found that nothing can be written in "
            f"{there}: {_ANOTHER}."
        )


@contextlib.contextmanager
def new_folder(path: str, flag: str) -> Iterator[None]:
    """Makes a folder as `make_folder` does; a refusal in the body takes back what was made.

    A folder that is not empty then stays.

    Args:
        path: The folder, which may be there.
        flag: The flag that names it.

    Raises:
        UserError: It cannot be made, or nothing can be written there.
    """
    made, there = [], path.rstrip("/")
    while there and not there.endswith(":/") and not tf.io.gfile.exists(there):
        made.append(there)
        there = os.path.dirname(there)
    try:
        make_folder(path, flag)
        yield
    except UserError:
        with contextlib.suppress(tf.errors.OpError):
            for folder in made:
                if tf.io.gfile.listdir(folder):
                    break
                tf.io.gfile.rmtree(folder)
        raise


def remove(path: str) -> None:
    """Removes a file, if it is there; raises `UserError` where that fails."""
    with (
        as_user_errors(path, "see who may write there"),
        contextlib.suppress(tf.errors.NotFoundError),
    ):
        tf.io.gfile.remove(path)


def discard(temporary: str) -> None:
    """Removes a file that nothing reads, if it is there and that is possible."""
    # Where it is not, the error that ended the writing, if any, is the one to tell.
    with contextlib.suppress(tf.errors.OpError):
        tf.io.gfile.remove(temporary)


@contextlib.contextmanager
def as_user_errors(where: str, advice: str) -> Iterator[None]:
    """Turns what the file system refuses, such as for want of room, into one sentence.

    Args:
        where: The file or folder that is written.
        advice: What to do, such as `make room there`, without a full stop.

    Raises:
        UserError: In place of a `tf.errors.OpError` or an `OSError`.
    """
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        raise UserError(
            f"Expected to write to {where}, but that failed ({_reason(error)}): {advice}."
        ) from error


def _reason(error: tf.errors.OpError | OSError) -> str:
    text = error.message if isinstance(error, tf.errors.OpError) else str(error)
    first_line = next(iter(_NODE.sub("", text).strip().splitlines()), "")
    return " ".join(first_line.split()) or type(error).__name__
