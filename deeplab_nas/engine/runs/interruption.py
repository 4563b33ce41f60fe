"""Signals that end a run, held back until it has saved."""

import os
import signal
import sys
import threading

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interruption:
    """Notices SIGTERM and Ctrl-C while a run works; use it as a context.

    The first signal is only noticed, so that the run can finish its step and save. The second ends
    the process at once.

    Attributes:
        signal_number: The signal that was noticed, or None.
    """

    def __init__(self):
        self.signal_number = None
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
        return self.signal_number is not None

    def _notice(self, number, _):
        if self:
            os._exit(128 + number)
        self.signal_number = number
        name = signal.Signals(number).name
        print(f"{name}: saving; once more ends at once without.", file=sys.stderr, flush=True)
