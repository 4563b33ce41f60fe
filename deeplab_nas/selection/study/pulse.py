"""Which of the programs that work on a selection are alive.

Each counts up in the storage, and holds a lock on a file of its own in the folder. That one is dead
is seen at once where the folder is shared, by a lock that nobody holds, and elsewhere when the
count has stood still for a while by the clock of who looks: no clock is compared with another's.
"""

import contextlib
import os
import socket
import threading
import time
import uuid

import filelock
import optuna
from optuna.storages import BaseStorage

_STUDY = "workers"
_SECONDS_BETWEEN_BEATS = 15.0
# Of a count that stands still. A storage that is slow, or a process that is paused, may miss some.
_SECONDS_UNTIL_DEAD = 90.0


class Pulse:
    """This program's sign of life, and what it knows of those of others; use it as a context.

    Attributes:
        worker: This program's name: host, process and a number that no other has.
    """

    def __init__(self, storage: BaseStorage, folder: str, clock=time.monotonic):
        """Does not beat yet.

        Args:
            storage: Optuna's.
            folder: Where the locks lie.
            clock: Seconds.
        """
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._folder = folder
        self._clock = clock
        self._study = optuna.create_study(
            storage=storage, study_name=_STUDY, direction="maximize", load_if_exists=True
        )
        self._seen: dict[str, tuple[int, float]] = {}
        self._beats = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, daemon=True)
        self._lock = filelock.FileLock(self._lock_of(self.worker))

    def __enter__(self) -> "Pulse":
        self._lock.acquire()
        self.beat()
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()
        self._lock.release()
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._lock_of(self.worker))

    def beat(self) -> None:
        """Counts up."""
        self._beats += 1
        self._study.set_user_attr(self.worker, self._beats)

    def has_stopped(self, worker: str) -> bool:
        """Tells whether a program is known to be dead.

        Args:
            worker: Its name.
        """
        if worker == self.worker:
            return False
        path = self._lock_of(worker)
        if os.path.exists(path):
            return _is_free(path)
        beats = self._study.user_attrs.get(worker, 0)
        if beats != self._seen.get(worker, (None, 0.0))[0]:
            self._seen[worker] = beats, self._clock()
        return self._clock() - self._seen[worker][1] > _SECONDS_UNTIL_DEAD

    def _beat_on(self):
        while not self._stop.wait(_SECONDS_BETWEEN_BEATS):
            self.beat()

    def _lock_of(self, worker):
        return os.path.join(self._folder, f"{worker}.worker")


def _is_free(path):
    lock = filelock.FileLock(path)
    try:
        with lock.acquire(timeout=0):
            return True
    except filelock.Timeout:
        return False
