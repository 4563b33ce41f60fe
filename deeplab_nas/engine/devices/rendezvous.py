"""Where the workers of a cluster wait for each other, before TensorFlow connects them.

TensorFlow waits for absent workers without a word and deaf to signals. Here the first task listens
on its port and the others tell it that they are there; who is missed is named on stderr. Each task
holds its own port until all are there. What is said is lines of text:

    to the first task: `deeplab_nas DIGEST NUMBER`, of the cluster and of the task in it
    from it: `wait WHAT`, `no WHY`, or `go`
"""

import contextlib
import errno
import hashlib
import selectors
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deeplab_nas.engine.devices import blocking_calls
from deeplab_nas.errors import UserError

_NAME = "deeplab_nas"
_SECONDS_UNTIL_REPORT = 5.0
_SECONDS_BETWEEN_REPORTS = 30.0
_SECONDS_BETWEEN_TRIES = 1.0
_SECONDS_TO_ANSWER = 10.0
# The first task says something more often than this, if it still runs.
_SECONDS_OF_SILENCE = 3 * _SECONDS_BETWEEN_REPORTS
# Of a line; what says more than this is no worker.
_MAX_BYTES = 4096
_MOST_NAMED = 5


class Task(NamedTuple):
    """A process of a cluster: what it is called, such as `worker 1`, and where it answers."""

    name: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.name} at {host}:{self.port}"


def wait(tasks: Sequence[Task], own: int) -> None:
    """Waits until all tasks of a cluster run; Ctrl-C and SIGTERM end it.

    Args:
        tasks: All that compute together, the same on each of them.
        own: Which of them this process is; the first is the one that the others look for.

    Raises:
        UserError: This process cannot have its port, or another has another cluster or is this
            task as well.
    """
    with _listener(tasks[own]) as listener:
        if own == 0:
            _Leader(tasks, listener).wait()
        else:
            _follow(tasks, own)


def _greeting(tasks: Sequence[Task], own: int) -> bytes:
    digest = hashlib.sha256(repr(list(map(tuple, tasks))).encode()).hexdigest()
    return f"{_NAME} {digest} {own}\n".encode()


@contextlib.contextmanager
def _listener(task: Task) -> Iterator[socket.socket]:
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        listener = socket.create_server(("", task.port), family=family, dualstack_ipv6=both)
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        why = "another program has it, perhaps the same worker" if in_use else error.strerror
        raise UserError(
            f"Expected port {task.port} of this machine to be free for {task}, found that it "
            f"cannot be had ({why}): end that, or name another port in TF_CONFIG on every worker."
        ) from error
    with listener:
        yield listener


class _Reports:
    """When a line on who is missed is due: soon after the start, then now and then."""

    def __init__(self):
        self._due = time.monotonic() + _SECONDS_UNTIL_REPORT

    def say(self, text: str) -> bool:
        """Prints a line if it is time, and returns whether it was."""
        if time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + _SECONDS_BETWEEN_REPORTS
        _say(text)
        return True


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class _Leader:
    """The first task: keeps a connection to each that is there."""

    def __init__(self, tasks: Sequence[Task], listener: socket.socket):
        self._tasks = tasks
        self._listener = listener
        self._heard: dict[socket.socket, bytes] = {}
        self._present: dict[int, socket.socket] = {}

    def wait(self) -> None:
        reports = _Reports()
        with selectors.DefaultSelector() as selector:
            self._selector = selector
            self._listener.setblocking(False)
            selector.register(self._listener, selectors.EVENT_READ)
            while len(self._present) + 1 < len(self._tasks):
                missed = self._missed()
                if reports.say(missed):
                    for connection in self._present.values():
                        self._tell(connection, f"wait {missed}")
                for key, _ in selector.select(_SECONDS_BETWEEN_TRIES):
                    if key.fileobj is self._listener:
                        self._accept()
                    else:
                        self._hear(key.fileobj)
            for connection in self._present.values():
                self._tell(connection, "go")
            for connection in self._heard:
                connection.close()

    def _accept(self) -> None:
        # Who has gone again before it was accepted is no fault of ours.
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            self._heard[connection] = b""
            self._selector.register(connection, selectors.EVENT_READ)

    def _hear(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(_MAX_BYTES)
        except OSError:
            data = b""
        heard = self._heard[connection] + data
        self._heard[connection] = heard
        if not data or len(heard) > _MAX_BYTES or connection in self._present.values():
            self._drop(connection)
        elif heard.endswith(b"\n"):
            self._greet(connection, heard)

    def _greet(self, connection: socket.socket, greeting: bytes) -> None:
        if not greeting.startswith(_NAME.encode()):
            self._drop(connection)
            return
        numbers = range(1, len(self._tasks))
        number = next((n for n in numbers if greeting == _greeting(self._tasks, n)), None)
        if number is None:
            why = (
                "Expected TF_CONFIG to name the same cluster on every worker, found another on "
                f"{self._tasks[0]} than on one that looks for it: set the same one on all of them."
            )
        elif number in self._present:
            why = (
                f"Expected one process to be {self._tasks[number]}, found two: give each its own "
                "index in the task of its TF_CONFIG."
            )
        else:
            self._present[number] = connection
            self._tell(connection, "wait")
            return
        _say(f"Not taken: {why}")
        self._tell(connection, f"no {why}")
        self._drop(connection)

    def _tell(self, connection: socket.socket, text: str) -> None:
        # One that has gone is noticed when it is heard of next.
        with contextlib.suppress(OSError):
            connection.sendall(f"{text}\n".encode())

    def _drop(self, connection: socket.socket) -> None:
        self._present = {n: one for n, one in self._present.items() if one is not connection}
        del self._heard[connection]
        self._selector.unregister(connection)
        connection.close()

    def _missed(self) -> str:
        missed = [task for n, task in enumerate(self._tasks) if n and n not in self._present]
        named = [str(task) for task in missed[:_MOST_NAMED]]
        if len(missed) > len(named):
            named.append(f"{len(missed) - len(named)} more")
        return f"Waiting for {', '.join(named)} to start and find {self._tasks[0]}."


def _follow(tasks: Sequence[Task], own: int) -> None:
    leader, reports = tasks[0], _Reports()
    while True:
        try:
            connection = blocking_calls.in_thread(
                lambda: socket.create_connection((leader.host, leader.port), _SECONDS_TO_ANSWER)
            )
            with connection, connection.makefile("rb") as lines:
                connection.sendall(_greeting(tasks, own))
                while line := lines.readline(_MAX_BYTES):
                    word, _, text = line.decode(errors="replace").strip().partition(" ")
                    if word == "go":
                        return
                    if word == "no":
                        raise UserError(text)
                    if word != "wait":
                        raise ConnectionError("what answers there is no worker that waits")
                    if text:
                        _say(text)
                    connection.settimeout(_SECONDS_OF_SILENCE)
            why = "it has ended"
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or str(error)
        reports.say(f"Waiting for {leader} to start and take {tasks[own]} ({why}).")
        time.sleep(_SECONDS_BETWEEN_TRIES)
