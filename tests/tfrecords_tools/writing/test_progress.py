import itertools

from tfrecords_tools.writing import progress


def test_a_log_gets_a_line_now_and_then_and_every_item_is_handed_on(monkeypatch, capsys):
    clock = itertools.count(step=10.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    assert list(progress.track("abcdefghij", 10, "letters")) == list("abcdefghij")
    lines = capsys.readouterr().err.splitlines()
    # Ten seconds an item and a line after more than thirty.
    assert lines == ["letters: 3 of 10, 93 s left", "letters: 7 of 10, 34 s left"]


def test_a_short_loop_is_silent(capsys):
    assert list(progress.track([1, 2], 2, "numbers")) == [1, 2]
    assert capsys.readouterr().err == ""
