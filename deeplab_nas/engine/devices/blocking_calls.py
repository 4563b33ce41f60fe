"""Calls that block outside Python, where a signal would have to wait for their end."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

_Result = TypeVar("_Result")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def in_thread(call: Callable[[], _Result]) -> _Result:
    """Makes a call that lets other threads run, such as a look-up of a host, in a thread.

    Args:
        call: The call.

    Returns:
        What it returns; what it raises is raised.

    Raises:
        KeyboardInterrupt: On Ctrl-C, before the call has ended.
    """
    results: list[_Result] = []
    errors: list[Exception] = []

    def run():
        try:
            results.append(call())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


@contextlib.contextmanager
def signals_end_the_process() -> Iterator[None]:
    """Has SIGINT and SIGTERM end the process at once, for calls during which no Python runs.

    One that is ignored stays so. Afterwards they are handled as before, also where TensorFlow has
    set a handler of its own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in handlers.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
