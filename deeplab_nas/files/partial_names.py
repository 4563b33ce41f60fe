"""Names of files and folders that are not whole yet, each of one process alone.

Two programs may write one path at once; with a name for each, the later one is whole as well. What
a process that was killed leaves has no owner any more: the next process that writes into the folder
removes it.
"""

import contextlib
import functools
import hashlib
import itertools
import os
import platform
import posixpath
import re
import secrets

import tensorflow as tf

# Ends the name of whatever is not whole yet. Nothing reads such names.
PARTIAL = ".partial"

# Machine, process, and what tells it from another one that had its number before.
_OWNER = re.compile(r"\.([0-9a-f]{8})-([0-9]+)-([0-9a-f]{4})[0-9]+\.partial")
# File systems take 255 bytes.
_MOST_BYTES = 180

_THIS_START = secrets.token_hex(2)
_COUNTER = itertools.count()
# Folders that this process has swept, with its number, which a fork changes.
_SWEPT: set[tuple[int, str]] = set()


def make(path: str) -> str:
    """Makes the name under which a process writes what is to become `path`, in the same folder.

    The first time in a folder, what killed processes of this machine left there is removed.
    """
    folder, name = posixpath.split(path)
    _sweep(folder)
    short = name.encode()[:_MOST_BYTES].decode(errors="ignore")
    owner = f"{_machine()}-{os.getpid()}-{_THIS_START}{next(_COUNTER)}"
    return posixpath.join(folder, f"{short}.{owner}{PARTIAL}")


def _sweep(folder: str) -> None:
    if (os.getpid(), folder) in _SWEPT:
        return
    _SWEPT.add((os.getpid(), folder))
    # A folder that is missing, or not to be read, is for the one who writes to tell.
    with contextlib.suppress(tf.errors.OpError):
        for name in tf.io.gfile.listdir(folder or "."):
            leftover = posixpath.join(folder, name.rstrip("/"))
            if not _is_left(leftover):
                continue
            if tf.io.gfile.isdir(leftover):
                tf.io.gfile.rmtree(leftover)
            else:
                tf.io.gfile.remove(leftover)


def _is_left(path: str) -> bool:
    """Whether a name is that of a process of this machine that has ended."""
    owner = _OWNER.search(path)
    if owner is None or owner.end() != len(path) or owner[1] != _machine():
        return False
    process = int(owner[2])
    if process == os.getpid():
        return owner[3] != _THIS_START
    return not _is_alive(process)


def _is_alive(process: int) -> bool:
    # Elsewhere the same call ends the process.
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@functools.cache
def _machine() -> str:
    """Tells a machine, or a container with process numbers of its own, from others."""
    numbers = ""
    with contextlib.suppress(OSError):
        numbers = os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(f"{platform.node()} {numbers}".encode()).hexdigest()[:8]
