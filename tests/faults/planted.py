"""Faults that are planted in a run: in its process while it works, or in its folder afterwards."""

import functools
import os
import pathlib
import resource
import signal
import threading
import time

import tensorflow as tf

from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.reporting.summaries import Summaries
from deeplab_nas.engine.runs.checkpoints import Checkpoints
from deeplab_nas.engine.runs.loop import Loop
from deeplab_nas.files import atomic

_NOBODY = 65534

# Where a run can be struck: the owner and the name of a function.
MOMENTS = {
    "step": (Loop, "_after_step"),
    "checkpoint": (Checkpoints, "save"),
    "history line": (History, "append"),
    "file": (atomic, "write_bytes"),
    "events": (Summaries, "scalars"),
    "pictures": (Summaries, "image"),
    "end of events": (Summaries, "flush"),
    "rename": (tf.io.gfile, "rename"),
}


def strike(moment, call, action):
    """Does something in this process when a function is called for the n-th time.

    Args:
        moment: A key of `MOMENTS`.
        call: Which call, from 1.
        action: Function without arguments, called just before.
    """
    owner, name = MOMENTS[moment]
    function = getattr(owner, name)
    calls = 0

    @functools.wraps(function)
    def struck(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == call:
            action()
        return function(*args, **kwargs)

    setattr(owner, name, struck)


def kill(delay=0.0):
    """Ends this process as a power cut does, `delay` seconds from now."""

    def later():
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGKILL)

    if delay:
        threading.Thread(target=later, daemon=True).start()
    else:
        later()


def terminate():
    """Asks this process to end, as a machine does that is taken away."""
    os.kill(os.getpid(), signal.SIGTERM)


def fill_disk(num_bytes):
    """From now on, this process can write no file beyond a size."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, resource.RLIM_INFINITY))


def lose_rights(run):
    """From now on, this process may not write in the folder of a run."""
    # Root may write whatever a folder says.
    if os.geteuid() == 0:
        os.seteuid(_NOBODY)
    else:
        _set_mode(run, 0o555)


def give_rights_back(run):
    """Lets the next process write in the folder of a run."""
    _set_mode(run, 0o755)


def _set_mode(run, mode):
    for folder in (pathlib.Path(run), *pathlib.Path(run).iterdir()):
        if folder.is_dir():
            folder.chmod(mode)


def newest(run, pattern):
    """The file of the newest checkpoint that fits a pattern such as `ckpt-*.index`."""
    paths = pathlib.Path(run, "checkpoints").glob(pattern)
    return max(paths, key=lambda path: int(path.name.split("-")[1].split(".")[0]))


def tear(path):
    """Cuts the second half of a file off."""
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])


def flip_bit(path):
    """Flips a bit in the middle of a file."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def begin_line(path):
    """Begins a line of the history, as a kill while it is written does."""
    with path.open("a") as file:
        file.write('{"kind": "interval", "step": 55, "epo')


# What can happen to the folder of a run between two starts.
DAMAGES = {
    "torn data": lambda run: tear(newest(run, "ckpt-*.data-*")),
    "torn index": lambda run: tear(newest(run, "ckpt-*.index")),
    "flipped bit in data": lambda run: flip_bit(newest(run, "ckpt-*.data-*")),
    "flipped bit in index": lambda run: flip_bit(newest(run, "ckpt-*.index")),
    "no data": lambda run: newest(run, "ckpt-*.data-*").unlink(),
    "no index": lambda run: newest(run, "ckpt-*.index").unlink(),
    "no state file": lambda run: pathlib.Path(run, "checkpoints", "checkpoint").unlink(),
    "torn state file": lambda run: tear(pathlib.Path(run, "checkpoints", "checkpoint")),
    "half a history line": lambda run: begin_line(pathlib.Path(run, "history.jsonl")),
}
