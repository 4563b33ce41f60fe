"""A folder for what a worker besides the chief has to write and nobody reads."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator

from deeplab_nas.engine.runs.run_lock import OWNER, RunLock
from deeplab_nas.errors import UserError

_PREFIX = "deeplab_nas-worker-"


@contextlib.contextmanager
def folder() -> Iterator[str]:
    """Makes a folder for this process, and removes those of processes that were killed.

    Yields:
        Its path; it is gone afterwards.

    Raises:
        UserError: It cannot be written.
    """
    _remove_abandoned()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as made, contextlib.ExitStack() as taken:
        taken.callback(RunLock(made).close)
        yield made


def _remove_abandoned() -> None:
    place = tempfile.gettempdir()
    for name in os.listdir(place):
        path = os.path.join(place, name)
        # The owner's name is there as long as its process lives, or if that was killed.
        if not name.startswith(_PREFIX) or not os.path.exists(os.path.join(path, OWNER)):
            continue
        # One that is in use, or belongs to somebody else, stays.
        with contextlib.suppress(UserError, OSError):
            lock = RunLock(path)
            shutil.rmtree(path)
            lock.close()
