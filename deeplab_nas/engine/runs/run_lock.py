"""Keeps a run directory for one program at a time."""

import fcntl
import os

from deeplab_nas.errors import UserError

_NAME = ".lock"


class RunLock:
    """A lock on a local folder that the operating system lets go of when the process ends."""

    def __init__(self, folder: str):
        """Takes the lock. A folder elsewhere, such as on gs://, cannot be locked.

        Args:
            folder: The run directory, which exists.

        Raises:
            UserError: Another program has it.
        """
        self._file = None
        if "://" in folder:
            return
        # Opened without truncation: it says who has the lock.
        self._file = open(os.path.join(folder, _NAME), "a+", encoding="utf-8")  # noqa: SIM115
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            owner = self._file.read().strip()
            self._file.close()
            raise UserError(
                f"Expected --train_logdir={folder} to be used by one program at a time, found it "
                f"in use by process {owner}: wait for it, stop it, or name another folder."
            ) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def close(self) -> None:
        """Lets go of the lock."""
        if self._file:
            self._file.close()
