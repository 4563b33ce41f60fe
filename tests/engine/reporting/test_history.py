"""The history keeps whole lines only, and those up to the restored step."""

import math

import pytest

from deeplab_nas.engine.reporting import history as history_module
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.errors import UserError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.jsonl"


def _filled(path, *steps):
    history = History(str(path))
    for step in steps:
        history.append({"step": step, "loss": step / 3, "path": [0, 1]})
    return history


def test_reads_what_was_appended_also_from_elsewhere(path):
    records = [{"step": step, "loss": step / 3, "path": [0, 1]} for step in (1, 2)]
    assert _filled(path, 1, 2).read() == records
    assert History(str(path)).read() == records


def test_a_missing_file_is_empty(path):
    assert History(str(path)).read() == []
    assert not path.exists()


def test_truncate_drops_the_newer_lines_only(path):
    history = _filled(path, 10, 20, 30)
    history.truncate_after(20)
    assert [record["step"] for record in history.read()] == [10, 20]
    history.append({"step": 30})
    assert [record["step"] for record in History(str(path)).read()] == [10, 20, 30]


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_half_written_last_line_is_dropped_and_told(path, capsys, cut):
    _filled(path, 10, 20)
    path.write_text(path.read_text()[:-cut])
    history = History(str(path))
    assert "half-written" in capsys.readouterr().err
    history.append({"step": 30})
    assert [record["step"] for record in history.read()] == [10, 30]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_none_are_refused(path, value):
    history = _filled(path, 1)
    with pytest.raises(ValueError, match="JSON"):
        history.append({"step": 2, "loss": value})
    assert [record["step"] for record in history.read()] == [1]


@pytest.mark.parametrize(
    "line",
    [
        *("{", "3", "[]", '{"loss": 1}', "", '{"step": true}', '{"step": 1.0}', '{"step": -1}'),
        *('{"step": 2, "loss": NaN}', '{"step": 2, "step": 2}', "[" * 5000, '{"step": 9e99}'),
    ],
)
def test_a_wrong_line_in_the_middle_is_named(path, line):
    _filled(path, 1)
    path.write_text(path.read_text() + line + "\n" + '{"step": 2}\n')
    with pytest.raises(UserError, match="line 2 of"):
        History(str(path)).read()


def test_a_line_that_is_no_text_is_named(path):
    _filled(path, 1)
    path.write_bytes(path.read_bytes() + b'{"step": "\xff"}\n{"step": 2}\n')
    with pytest.raises(UserError, match="line 2 of .*not Unicode text.*: mend or delete the line"):
        History(str(path)).read()


def test_a_last_line_may_be_cut_off_inside_a_character(path, capsys):
    _filled(path, 1)
    path.write_bytes(path.read_bytes() + '{"step": 2, "name": "ä'.encode()[:-1])
    assert [record["step"] for record in History(str(path)).read()] == [1]
    assert "half-written" in capsys.readouterr().err


def test_a_history_without_end_is_not_read(path, monkeypatch):
    history = _filled(path, 1)
    monkeypatch.setattr(history_module, "_MAX_BYTES", path.stat().st_size - 1)
    with pytest.raises(UserError, match="Expected at most .* bytes in .*history.jsonl"):
        history.read()


def test_a_line_without_end_is_named(path):
    _filled(path, 1)
    path.write_text(path.read_text() + '{"step": 2, "name": "' + "x" * 2**20 + '"}\n')
    with pytest.raises(UserError, match="Expected at most 1048576 bytes in line 2 of"):
        History(str(path)).read()


def test_a_half_written_line_stays_until_something_is_written(path):
    _filled(path, 10, 20)
    path.write_text(path.read_text()[:-5])
    before = path.read_bytes()
    history = History(str(path))
    assert [record["step"] for record in history.read()] == [10]
    assert path.read_bytes() == before
    history.truncate_after(10)
    assert [record["step"] for record in History(str(path)).read()] == [10]
    assert path.read_bytes().endswith(b"\n")


def test_results_have_the_numbers_that_are_shown(path):
    history = History(str(path))
    with pytest.raises(UserError, match="found no line of kind 'evaluation': restore"):
        history.results("evaluation", ("miou",))
    good = {"kind": "evaluation", "step": 1, "miou": 0.5, "peak_memory_gib": None}
    history.append(good)
    assert history.results("evaluation", ("miou",)) == [good]
    for wrong in ({"miou": "x"}, {"miou": None}, {"peak_memory_gib": "x"}):
        path.write_text("")
        history.append({**good, **wrong})
        with pytest.raises(UserError, match=r"to be a number in line 1 of .*history\.jsonl"):
            history.results("evaluation", ("miou",))
    path.write_text("")
    history.append(good)
    assert history.results("evaluation", ("miou",), ("added",)) == [good]
    history.append({**good, "added": "x"})
    with pytest.raises(UserError, match=r"'?added'? to be a number in line 2"):
        history.results("evaluation", ("miou",), ("added",))
