"""Calls during which no Python runs, and signals."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from deeplab_nas.engine.devices import blocking_calls
from tests import places

_BLOCKED = """
import ctypes, signal
from deeplab_nas.engine.devices import blocking_calls
signal.signal(signal.SIGTERM, lambda *_: None)
with blocking_calls.signals_end_the_process():
    print("blocked", flush=True)
    ctypes.PyDLL(None).sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_call_that_holds_the_interpreter(number):
    command = [sys.executable, "-c", _BLOCKED]
    with subprocess.Popen(command, cwd=places.ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "blocked\n"
        process.send_signal(number)
    assert process.returncode == -number


def test_handlers_come_back_also_where_the_call_has_set_another():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with blocking_calls.signals_end_the_process():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGTERM) == before[signal.SIGTERM]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_what_a_call_in_a_thread_gives_and_raises():
    assert blocking_calls.in_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        blocking_calls.in_thread(lambda: 1 // 0)


def test_ctrl_c_does_not_wait_for_a_call_in_a_thread():
    def call():
        signal.pthread_kill(main, signal.SIGINT)
        time.sleep(600)

    main = threading.main_thread().ident
    with pytest.raises(KeyboardInterrupt):
        blocking_calls.in_thread(call)
