"""Who is dead is seen, and nobody else."""

import multiprocessing
import os
import signal

from deeplab_nas.selection.study.pulse import Pulse
from deeplab_nas.selection.study.storage import open_storage


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


def test_who_shares_no_folder_is_dead_when_the_count_stands_still(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    clock = Clock()
    storage = open_storage("", str(tmp_path))
    here = Pulse(storage, str(tmp_path / "a"), clock)
    there = Pulse(open_storage("", str(tmp_path)), str(tmp_path / "b"))
    there.beat()
    assert not here.has_stopped(there.worker)
    clock.now = 80.0
    assert not here.has_stopped(there.worker)
    there.beat()
    clock.now = 160.0
    assert not here.has_stopped(there.worker)
    clock.now = 251.0
    assert here.has_stopped(there.worker)
    there.beat()
    assert not here.has_stopped(there.worker)
    assert not here.has_stopped(here.worker)


def beat_for_ever(folder, told):
    with Pulse(open_storage("", folder), folder) as pulse:
        told.send(pulse.worker)
        signal.pause()


def test_who_was_killed_in_a_shared_folder_is_dead_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=beat_for_ever, args=(str(tmp_path), sender))
    process.start()
    worker = receiver.recv()
    with Pulse(open_storage("", str(tmp_path)), str(tmp_path)) as pulse:
        assert not pulse.has_stopped(worker)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert pulse.has_stopped(worker)
        assert not pulse.has_stopped(pulse.worker)


def test_who_has_ended_leaves_no_lock(tmp_path):
    with Pulse(open_storage("", str(tmp_path)), str(tmp_path)):
        assert len(list(tmp_path.glob("*.worker"))) == 1
    assert not list(tmp_path.glob("*.worker"))
