"""Keeps a run directory for one program at a time."""

import errno
import os

import filelock

from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic

# The owner's name is in another file than the lock, which some systems let nobody else read and
# some empty.
_LOCK, OWNER = ".lock", ".owner"
# What a file system answers that has no locks, such as NFS without its lock service.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


class RunLock:
    """A lock on a local folder that the operating system lets go of when the process ends."""

    def __init__(self, folder: str):
        """Takes the lock. A folder elsewhere, such as on gs://, cannot be locked.

        Args:
            folder: The run directory, which exists.

        Raises:
            UserError: Another program has it, the folder cannot be written, or its file system has
                no locks.
        """
        self._lock = None
        if "://" in folder:
            return
        path, self._owner = (os.path.join(folder, name) for name in (_LOCK, OWNER))
        was_there = os.path.exists(path)
        # A soft lock would outlive a process that is killed.
        lock = filelock.FileLock(path, timeout=0, thread_local=False, fallback_to_soft=False)
        with atomic.as_user_errors(path, f"{atomic.ADVICE}, or name another folder"):
            try:
                lock.acquire()
            except filelock.Timeout as error:
                raise UserError(
                    f"Expected --train_logdir={folder} to be used by one program at a time, found "
                    f"it in use by {_named(self._owner)}: wait for it, stop it, or name another "
                    "folder."
                ) from error
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                if not was_there:
                    atomic.discard(path)
                raise UserError(
                    f"Expected --train_logdir={folder} to lie on a file system with locks, which "
                    f"keep two programs apart, found none there ({error}): name a folder on "
                    "another one, or have that one mounted with locks."
                ) from error
        self._lock = lock
        try:
            self._owner_before = _contents(self._owner)
            atomic.write_text(self._owner, f"{os.getpid()}\n")
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Lets go of the lock and leaves the folder as it was."""
        if not self._lock:
            return
        try:
            if self._owner_before is None:
                atomic.discard(self._owner)
            else:
                atomic.write_bytes(self._owner, self._owner_before)
        except UserError:
            # The name of a program that has ended is told to nobody.
            atomic.discard(self._owner)
        self._lock.release()


def _contents(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read(2**16)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"Cannot read {path} ({error}): see who may read it.") from error


def _named(owner: str) -> str:
    """Names the program that has a lock; an earlier version of this one does not leave its name."""
    try:
        with open(owner, encoding="utf-8") as file:
            return f"process {int(file.read(20))}"
    except (OSError, ValueError):
        return "another program"
