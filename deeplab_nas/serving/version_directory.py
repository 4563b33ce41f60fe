"""Version directories as TF Serving reads them: integers, the highest one is served."""

import contextlib
import posixpath
import re

import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic

_VERSION = re.compile(r"[1-9]\d*")


@contextlib.contextmanager
def new(export_dir, version=0):
    """Makes a version directory that is there whole or not at all.

    TF Serving ignores names that are no number, so that it never sees the work in progress.

    Args:
        export_dir: Folder of the versions; made if it is missing.
        version: Number of the version; 0 for the one after the highest there.

    Yields:
        `(folder, path)`: where to write, and the path that it gets at the end.

    Raises:
        UserError: The version is there already, or nothing can be written.
    """
    where = f"--export_dir={export_dir}"
    with contextlib.ExitStack() as stack:
        advice = "make room there or name another folder"
        stack.enter_context(atomic.as_user_errors(where, advice))
        there = _versions(export_dir)
        version = version or max(there, default=0) + 1
        path = posixpath.join(export_dir, str(version))
        if version in there:
            raise UserError(
                f"Expected --export_version={version} to be free in {export_dir}, found it "
                "there: leave the flag out for the next free one."
            )
        stack.enter_context(atomic.new_folder(export_dir, "--export_dir"))
        temporary = path + atomic.PARTIAL
        stack.callback(_remove, temporary)
        _remove(temporary)
        tf.io.gfile.makedirs(temporary)
        yield temporary, path
        tf.io.gfile.rename(temporary, path)


def _versions(export_dir):
    names = tf.io.gfile.listdir(export_dir) if tf.io.gfile.isdir(export_dir) else []
    names = (name.rstrip("/") for name in names)
    return [int(name) for name in names if _VERSION.fullmatch(name)]


def _remove(folder):
    if tf.io.gfile.isdir(folder):
        tf.io.gfile.rmtree(folder)
