"""Keeps a run directory for one program at a time."""

import os

import filelock

from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic

# Another file than the lock, which some systems let nobody else read and some empty.
_LOCK, _OWNER = ".lock", ".owner"


class RunLock:
    """A lock on a local folder that the operating system lets go of when the process ends."""

    def __init__(self, folder: str):
        """Takes the lock. A folder elsewhere, such as on gs://, cannot be locked.

        Args:
            folder: The run directory, which exists.

        Raises:
            UserError: Another program has it, or the folder cannot be written.
        """
        self._lock = None
        if "://" in folder:
            return
        path, owner = (os.path.join(folder, name) for name in (_LOCK, _OWNER))
        lock = filelock.FileLock(path, timeout=0, thread_local=False)
        with atomic.as_user_errors(path, atomic.ADVICE):
            try:
                lock.acquire()
            except filelock.Timeout as error:
                raise UserError(
                    f"Expected --train_logdir={folder} to be used by one program at a time, found "
                    f"it in use by {_named(owner)}: wait for it, stop it, or name another folder."
                ) from error
        self._lock = lock
        atomic.write_text(owner, f"{os.getpid()}\n")

    def close(self) -> None:
        """Lets go of the lock."""
        if self._lock:
            self._lock.release()


def _named(owner: str) -> str:
    """Names the program that has a lock; an earlier version of this one does not leave its name."""
    try:
        with open(owner, encoding="utf-8") as file:
            return f"process {int(file.read(20))}"
    except (OSError, ValueError):
        return "another program"
