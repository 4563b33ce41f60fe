"""Signals are noticed once, and end the process the second time."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from deeplab_nas.engine.runs.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noticed_and_handlers_come_back(number, capsys):
    before = signal.getsignal(number)
    with Interruption() as interruption:
        assert not interruption
        os.kill(os.getpid(), number)
        assert interruption
    assert interruption.signal_number == number
    assert signal.getsignal(number) is before
    assert signal.Signals(number).name in capsys.readouterr().err


def test_the_second_signal_ends_the_process():
    script = """
import os, signal
from deeplab_nas.engine.runs.interruption import Interruption
with Interruption():
    os.kill(os.getpid(), signal.SIGINT)
    print("still here", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    print("never said", flush=True)
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (143, "still here\n"), result.stderr


def test_another_thread_leaves_signals_alone():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work():
        with Interruption() as interruption:
            seen.append((signal.getsignal(signal.SIGTERM), bool(interruption)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(before, False)]
