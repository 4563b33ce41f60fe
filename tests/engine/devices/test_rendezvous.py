"""Workers that wait for each other, as threads and, where signals end them, as processes."""

import concurrent.futures
import contextlib
import signal
import socket
import subprocess
import sys
import threading

import pytest

from deeplab_nas.engine.devices import rendezvous
from tests import places, refusals

_WAIT = """
import sys
from deeplab_nas.engine.devices import rendezvous
rendezvous._SECONDS_UNTIL_REPORT = 0
tasks = [rendezvous.Task(f"worker {n}", host, int(port)) for n, (host, port) in enumerate(TASKS)]
rendezvous.wait(tasks, int(sys.argv[1]))
"""


@pytest.fixture
def tasks():
    """Three tasks at free ports of this machine."""
    with contextlib.ExitStack() as stack:
        free = [stack.enter_context(socket.create_server(("", 0))) for _ in range(3)]
        ports = [one.getsockname()[1] for one in free]
    return [rendezvous.Task(f"worker {n}", "localhost", port) for n, port in enumerate(ports)]


@pytest.fixture
def said(monkeypatch):
    """What is said, without waiting long, and when something is said."""
    told, something = [], threading.Semaphore(0)

    def say(text):
        told.append(text)
        something.release()

    monkeypatch.setattr(rendezvous, "_say", say)
    monkeypatch.setattr(rendezvous, "_SECONDS_UNTIL_REPORT", 0.0)
    monkeypatch.setattr(rendezvous, "_SECONDS_BETWEEN_REPORTS", 0.2)
    monkeypatch.setattr(rendezvous, "_SECONDS_BETWEEN_TRIES", 0.05)

    def wait_for(*words):
        while not any(all(word in text for word in words) for text in told):
            something.acquire()

    return wait_for


@pytest.fixture
def start():
    """From tasks and the number of one of them to a worker that waits in a thread."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield lambda tasks, own: pool.submit(rendezvous.wait, tasks, own)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_all_go_on_when_the_last_has_come(order, tasks, said, start):
    first, second = start(tasks, order[0]), start(tasks, order[1])
    last = tasks[order[2]] if 0 not in order[2:] else tasks[0]
    said("Waiting for", str(last))
    assert not first.done() and not second.done()
    third = start(tasks, order[2])
    assert [one.result() for one in (first, second, third)] == [None] * 3
    # Their ports are free for TensorFlow.
    for task in tasks:
        socket.create_server(("", task.port)).close()


def test_one_worker_waits_for_nobody(tasks):
    rendezvous.wait(tasks[:1], 0)


def test_one_that_has_gone_is_missed_again(tasks, said, start):
    first = start(tasks, 0)
    said("Waiting for worker 1 at localhost")
    with socket.create_connection(("localhost", tasks[0].port)) as gone:
        gone.sendall(rendezvous._greeting(tasks, 1))
        said("Waiting for worker 2 at")
    rest = [start(tasks, 2)]
    said("Waiting for worker 1 at", "to start and find worker 0")
    assert not first.done()
    rest.append(start(tasks, 1))
    assert [one.result() for one in (first, *rest)] == [None] * 3


def test_another_cluster_and_a_task_twice_are_refused(tasks, said, start):
    first = start(tasks, 0)
    with refusals.refused("Expected TF_CONFIG to name the same cluster on every worker"):
        rendezvous.wait([tasks[0], tasks[1]], 1)
    second = start(tasks, 1)
    said("Waiting for worker 2 at")
    with socket.create_connection(("localhost", tasks[0].port)) as twice:
        twice.sendall(rendezvous._greeting(tasks, 1))
        answer = twice.makefile().readline()
    assert answer.startswith("no Expected one process to be worker 1 at")
    with refusals.refused("to be free for worker 1", "perhaps the same worker"):
        rendezvous.wait(tasks, 1)
    start(tasks, 2).result()
    assert (first.result(), second.result()) == (None, None)


@pytest.mark.parametrize("text", [b"", b"\n", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 9000, b"x"])
def test_strangers_do_no_harm(text, tasks, said, start):
    pair = tasks[:2]
    first = start(pair, 0)
    said("Waiting for worker 1")
    with socket.create_connection(("localhost", pair[0].port)) as stranger:
        stranger.sendall(text)
        start(pair, 1).result()
    assert first.result() is None


def test_what_answers_in_place_of_the_first_task_is_told(tasks, said, start):
    with socket.create_server(("", tasks[0].port)) as other:
        second = start(tasks[:2], 1)
        connection, _ = other.accept()
        connection.sendall(b"SSH-2.0-some\n")
        said("Waiting for worker 0 at", "to start and take worker 1 at", "no worker that waits")
        connection.close()
    assert not second.done()
    start(tasks[:2], 0).result()
    assert second.result() is None


def test_many_that_are_missed_are_counted(tasks, said, start):
    many = [tasks[0]] + [rendezvous.Task(f"worker {n}", "host", n) for n in range(1, 20)]
    first = start(many, 0)
    said("Waiting for worker 1 at host:1, ", "worker 5 at host:5, 14 more to start and find")
    connections = []
    for number in range(1, 20):
        connections.append(socket.create_connection(("localhost", tasks[0].port)))
        connections[-1].sendall(rendezvous._greeting(many, number))
    assert first.result() is None
    for connection in connections:
        assert connection.makefile().readlines()[-1] == "go\n"
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("own", "host"), [(0, "localhost"), (1, "localhost"), (1, "no-such-host.invalid"), (1, "a..b")]
)
def test_signals_end_the_wait(number, own, host, tasks):
    addresses = [(host, task.port) for task in tasks]
    process = subprocess.Popen(
        [sys.executable, "-c", _WAIT.replace("TASKS", repr(addresses)), str(own)],
        cwd=places.ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        line = process.stderr.readline()
        assert line.startswith(f"Waiting for worker {1 - own} at {host}:"), line
        process.send_signal(number)
        rest = process.stderr.read()
    assert process.returncode == -number
    assert "KeyboardInterrupt" in rest if number == signal.SIGINT else not rest


def test_a_port_that_may_not_be_had_is_told(monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with refusals.refused("Expected port 80", "(Permission denied)", "another port"):
        rendezvous.wait([rendezvous.Task("worker 0", "localhost", 80)], 0)
