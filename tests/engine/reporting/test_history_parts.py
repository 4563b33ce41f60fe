"""The history on an object store, where adding to a file writes all of it again."""

import json
import uuid

import pytest
import tensorflow as tf

from deeplab_nas.engine.reporting import history as history_module
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.reporting.summaries import Summaries
from deeplab_nas.errors import UserError


class Store:
    """Counts what an object store writes: every file that is opened to write, whole."""

    def __init__(self, monkeypatch):
        self.written = 0
        store, rename = self, tf.io.gfile.rename

        class Counting(tf.io.gfile.GFile):
            def __init__(self, name, mode="r"):
                super().__init__(name, mode)
                self._before = 0
                if mode.startswith("a") and tf.io.gfile.exists(name):
                    self._before = tf.io.gfile.stat(name).length
                self._counts = not mode.startswith("r")

            def write(self, contents):
                store.written += self._before + len(contents)
                super().write(contents)

        def counting_rename(source, target, overwrite=False):
            # A copy inside the store.
            store.written += tf.io.gfile.stat(source).length
            rename(source, target, overwrite)

        monkeypatch.setattr(tf.io.gfile, "GFile", Counting)
        monkeypatch.setattr(tf.io.gfile, "rename", counting_rename)


@pytest.fixture
def folder():
    """A folder of TensorFlow's file system in memory, which no other test has."""
    made = f"ram://{uuid.uuid4().hex}"
    tf.io.gfile.makedirs(made)
    return made


def record(step):
    return {"kind": "interval", "step": step, "loss": step / 3}


def steps(history):
    return [line["step"] for line in history.read()]


def run_through(path, num_lines, save_every):
    """What a run of so many lines does, which saves after some of them."""
    history = History(path)
    for step in range(1, num_lines + 1):
        history.append(record(step))
        if step % save_every == 0:
            history.flush()
    return history


def test_bytes_grow_with_the_lines(folder, monkeypatch):
    store = Store(monkeypatch)
    written = []
    for num_lines in (500, 2000):
        before = store.written
        history = run_through(f"{folder}/{num_lines}/history.jsonl", num_lines, 20)
        written.append(store.written - before)
        assert steps(history) == list(range(1, num_lines + 1))
        assert steps(History(f"{folder}/{num_lines}/history.jsonl")) == steps(history)
    size = sum(len(json.dumps(record(step))) + 1 for step in range(1, 2001))
    # Each line under a temporary name and under its own.
    assert written[1] == 2 * size
    assert written[1] < 5 * written[0]


def test_adding_to_a_file_would_be_counted(folder, monkeypatch):
    store = Store(monkeypatch)
    for _ in range(100):
        with tf.io.gfile.GFile(f"{folder}/a", "a") as file:
            file.write("0123456789")
    assert store.written == 10 * 100 * 101 // 2


def test_lines_that_wait_are_read_and_written_in_time(folder, monkeypatch):
    monkeypatch.setattr(history_module, "_LINES_A_PART", 3)
    path = f"{folder}/history.jsonl"
    history = History(path)
    for step in (1, 2):
        history.append(record(step))
    assert steps(history) == [1, 2]
    assert steps(History(path)) == []
    history.append(record(3))
    assert steps(History(path)) == [1, 2, 3]
    assert tf.io.gfile.listdir(folder) == ["history-000001.jsonl"]
    with pytest.raises(ValueError, match="JSON"):
        history.append({"step": 4, "loss": float("nan")})
    history.flush()
    assert tf.io.gfile.listdir(folder) == ["history-000001.jsonl"]


@pytest.mark.parametrize("step", [0, 4, 5, 9, 10])
def test_a_run_goes_on_where_its_checkpoint_is(folder, step):
    path = f"{folder}/history.jsonl"
    # The run began where lines could be added.
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(record(1)) + "\n")
    history = History(path)
    for number in range(2, 11):
        history.append(record(number))
        if number % 3 == 0:
            history.flush()
    # Killed: what waits is lost, and comes again.
    history = History(path)
    assert steps(history) == list(range(1, 10))
    history.truncate_after(step)
    assert steps(history) == list(range(1, min(step, 9) + 1))
    for number in range(step + 1, 13):
        history.append(record(number))
    history.flush()
    assert steps(History(path)) == steps(history)
    assert steps(history)[-3:] == [10, 11, 12] if step < 10 else [11, 12]
    history.clear()
    assert History(path).read() == []


def test_a_copy_on_a_local_disk_goes_on_behind_its_parts(folder, tmp_path):
    run_through(f"{folder}/history.jsonl", 4, 2)
    for name in tf.io.gfile.listdir(folder):
        tf.io.gfile.copy(f"{folder}/{name}", str(tmp_path / name))
    history = History(str(tmp_path / "history.jsonl"))
    history.append(record(5))
    assert steps(history) == [1, 2, 3, 4, 5]
    history.truncate_after(1)
    history.append(record(2))
    assert steps(History(str(tmp_path / "history.jsonl"))) == [1, 2]


def test_a_wrong_line_is_named_with_its_part(folder):
    run_through(f"{folder}/history.jsonl", 4, 2)
    with tf.io.gfile.GFile(f"{folder}/history-000003.jsonl", "w") as file:
        file.write('{"step": 5}\n{"step": "x"}\n')
    with pytest.raises(UserError, match="line 2 of .*history-000003.jsonl"):
        History(f"{folder}/history.jsonl").read()


def test_parts_together_have_an_end(folder, monkeypatch):
    history = run_through(f"{folder}/history.jsonl", 4, 2)
    monkeypatch.setattr(history_module, "_MAX_BYTES", 150)
    with pytest.raises(UserError, match="Expected at most 150 bytes in .* and its parts"):
        history.read()


def test_event_files_are_written_once(folder):
    summaries = Summaries(folder)
    sizes = {}
    for part in range(3):
        for step in range(50):
            summaries.scalars(part * 50 + step, {"loss": 0.5})
        summaries.flush()
        # What a flush has written is not touched again.
        assert {name: tf.io.gfile.stat(f"{folder}/{name}").length for name in sizes} == sizes
        names = sorted(tf.io.gfile.listdir(folder))[: part + 1]
        sizes = {name: tf.io.gfile.stat(f"{folder}/{name}").length for name in names}
        assert len(sizes) == part + 1
    summaries.close()
    found = [
        event.step
        for name in sorted(tf.io.gfile.listdir(folder))
        for event in tf.compat.v1.train.summary_iterator(f"{folder}/{name}")
        if event.summary.value
    ]
    assert sorted(found) == list(range(150))
