"""When a run saves and when it stops, the same on all workers."""

import signal
import sys
import time

from deeplab_nas.engine.runs import nan_guard
from deeplab_nas.errors import StoppedError


class Saving:
    """Saves a run after the steps that ask for it, and ends it where a signal came."""

    def __init__(self, workers, checkpoints, variables, save_interval_secs):
        """Creates what saves.

        Args:
            workers: `Workers`.
            checkpoints: `Checkpoints` of the run.
            variables: Those that have to be finite, by name.
            save_interval_secs: Longest time without a checkpoint, in seconds.
        """
        self._workers = workers
        self._checkpoints = checkpoints
        self._variables = variables
        self._save_interval_secs = save_interval_secs
        self._last_save = time.time()

    def after_step(self, done, interruption, wanted):
        """Saves if it is time.

        Args:
            done: Steps done.
            interruption: `Interruption` of this worker.
            wanted: Whether to save in any case.

        Raises:
            StoppedError: A signal came to a worker; everything is saved.
        """
        overdue = time.time() - self._last_save > self._save_interval_secs
        stop, overdue = self._workers.any(bool(interruption), overdue)
        if stop and not interruption:
            print("Another worker was told to stop: saving.", file=sys.stderr, flush=True)
        if wanted or overdue or stop:
            nan_guard.check_variables(self._variables)
            self._checkpoints.save(done)
            self._last_save = time.time()
        if stop:
            raise StoppedError(interruption.signal_number or signal.SIGTERM)
