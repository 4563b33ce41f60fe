"""The estimate, the pace of the lines, and the bar."""

import contextlib
import io

import pytest

from deeplab_nas.engine.reporting.progress import Progress


class _Terminal(io.StringIO):
    def isatty(self):
        return True


class _Clock:
    now = 0.0

    def __call__(self):
        return self.now


def _silent(total, done=None):
    return Progress(total, done, stream=io.StringIO())


def test_time_left_adds_up_kinds_of_unequal_cost():
    progress = _silent({"weights": 10, "both": 20})
    for kind, seconds in (("weights", 99.0), ("weights", 1.0), ("both", 99.0), ("both", 4.0)):
        progress.update(kind, 1, seconds, {})
    assert progress.time_left() == (8 * 1.0 + 18 * 4.0, ())


def test_the_first_steps_of_a_kind_are_not_its_pace():
    progress = _silent({"weights": 10})
    progress.update("weights", 2, 50.0, {})
    assert progress.time_left() is None
    progress.update("weights", 2, 1.0, {})
    assert progress.time_left().seconds == 3.0


def test_a_kind_without_timing_is_reckoned_at_the_dearest_and_named():
    progress = _silent({"weights": 4, "both": 3, "never": 0})
    progress.update("weights", 1, 9.0, {})
    progress.update("weights", 1, 2.0, {})
    assert progress.time_left() == (2 * 2.0 + 3 * 2.0, ("both",))


def test_the_pace_is_recent():
    progress = _silent({"weights": 200})
    for seconds in [9.0] * 60 + [1.0] * 60:
        progress.update("weights", 1, seconds, {})
    assert progress.time_left().seconds == 80.0


def test_steps_of_an_earlier_start_are_not_left():
    progress = _silent({"weights": 10}, {"weights": 6})
    progress.update("weights", 1, 1.0, {})
    progress.update("weights", 1, 1.0, {})
    assert progress.time_left().seconds == 2.0


def test_lines_come_now_and_then_and_at_the_end_of_an_epoch():
    stream, clock = io.StringIO(), _Clock()
    progress = Progress({"weights": 100}, stream=stream, clock=clock)
    for step in range(1, 71):
        clock.now += 1.0
        progress.update("weights", 1, 1.0, {"epoch": 2, "loss": step / 8})
    progress.epoch_end()
    progress.write("done")
    progress.close()
    assert stream.getvalue().splitlines() == [
        "step 30/100, epoch 2, loss 3.75, 1 s/weights, 1 min 10 s left",
        "step 60/100, epoch 2, loss 7.5, 1 s/weights, 40 s left",
        "step 70/100, epoch 2, loss 8.75, 1 s/weights, 30 s left",
        "done",
    ]


@pytest.mark.parametrize(("seconds", "words"), [(59.6, "1 min 00 s"), (7260, "2 h 01 min")])
def test_durations(seconds, words):
    stream = io.StringIO()
    progress = Progress({"weights": 3}, stream=stream)
    progress.update("weights", 1, 0.0, {})
    progress.update("weights", 1, seconds, {})
    progress.epoch_end()
    assert f"{words} left" in stream.getvalue()


def test_a_terminal_gets_a_bar_with_lines_above_it():
    stream = _Terminal()
    progress = Progress({"weights": 4}, {"weights": 1}, stream=stream)
    progress.update("weights", 1, 1.0, {"loss": 0.5})
    progress.update("weights", 1, 1.0, {"loss": 0.25})
    progress.write("a line")
    progress.epoch_end()
    progress.close()
    shown = stream.getvalue()
    assert "3/4" in shown and "loss 0.25" in shown and "1 s left" in shown
    assert "a line\n" in shown


def test_lines_go_to_stderr_as_it_is_now():
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        Progress({"weights": 1}).write("told")
    assert stderr.getvalue() == "told\n"
