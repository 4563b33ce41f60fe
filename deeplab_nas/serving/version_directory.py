"""Version directories as TF Serving reads them: integers, the highest one is served."""

import contextlib
import dataclasses
import posixpath
import re
from collections.abc import Iterator

import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, partial_names

_VERSION = re.compile(r"[1-9]\d*")


@dataclasses.dataclass
class NewVersion:
    """A version directory while it is made.

    Attributes:
        folder: Where to write.
        path: What it is called in the end; empty before.
    """

    folder: str
    path: str = ""


@contextlib.contextmanager
def new(export_dir: str, version: int = 0) -> Iterator[NewVersion]:
    """Makes a version directory that is there whole or not at all.

    TF Serving ignores names that are no number, so that it never sees the work in progress.

    Args:
        export_dir: Folder of the versions; made if it is missing.
        version: Number of the version; 0 for the one after the highest there.

    Yields:
        `NewVersion`; what is written into its folder is best wrapped in `writing`.

    Raises:
        UserError: The version is there already, or nothing can be written.
    """
    with atomic.new_folder(export_dir, "--export_dir"):
        folder = partial_names.make(posixpath.join(export_dir, str(_free(export_dir, version))))
        try:
            with writing(export_dir):
                tf.io.gfile.makedirs(folder)
            made = NewVersion(folder)
            yield made
            # Another export may have ended in the meantime.
            made.path = posixpath.join(export_dir, str(_free(export_dir, version)))
            with writing(export_dir):
                tf.io.gfile.rename(folder, made.path)
        finally:
            if tf.io.gfile.isdir(folder):
                tf.io.gfile.rmtree(folder)


def writing(export_dir: str) -> contextlib.AbstractContextManager[None]:
    """Wraps what writes a version; where that fails, `UserError` tells the folder and why."""
    where = f"--export_dir={export_dir}"
    return atomic.as_user_errors(where, "make room there or name another folder")


def _free(export_dir: str, version: int) -> int:
    try:
        names = [name.rstrip("/") for name in tf.io.gfile.listdir(export_dir)]
    except tf.errors.OpError as error:
        raise UserError(
            f"Expected to read which versions there are in --export_dir={export_dir}, but that "
            f"failed ({' '.join(error.message.split())}): see who may read there, or name another "
            "folder."
        ) from error
    there = [int(name) for name in names if _VERSION.fullmatch(name)]
    if version in there:
        raise UserError(
            f"Expected --export_version={version} to be free in {export_dir}, found it there: "
            "leave the flag out for the next free one."
        )
    return version or max(there, default=0) + 1
