"""Signals that end a run, held back until it has saved."""

import os
import signal
import sys
import threading

from deeplab_nas.errors import StoppedError

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interruption:
    """Notices SIGTERM and Ctrl-C while a run works; use it as a context.

    The first signal is only noticed, so that the run can finish its step and save. The second ends
    the process at once.
    """

    def __init__(self):
        self._noticed = None
        self._handlers = {}

    def __enter__(self):
        # Python delivers signals to the main thread only.
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._notice) for number in _SIGNALS}
        return self

    def __exit__(self, *_):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def __bool__(self):
        """Whether a signal was noticed."""
        return self._noticed is not None

    def stop(self):
        """Ends the run after it has saved.

        Raises:
            StoppedError: Always.
        """
        raise StoppedError(self._noticed)

    def _notice(self, number, _):
        if self:
            os._exit(128 + number)
        self._noticed = number
        name = signal.Signals(number).name
        print(f"{name}: saving; once more ends at once without.", file=sys.stderr, flush=True)
