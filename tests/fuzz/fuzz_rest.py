"""Gives damaged answers to the client of a server, one after another, and counts how it ends.

    python -m tests.fuzz.fuzz_rest --count=50000 --seed=1

A local server sends them over a socket. Every one must end in a label map or in one sentence; the
process must not die, take longer than `fuzz_readers` allows or grow by more than `_MEMORY_MIB`.
Prints one JSON line.
"""

import contextlib
import dataclasses
import json
import queue
import random
import re
import socket
import struct
import threading

from flags import program

import numpy as np

from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.engine.prediction import rest_client
from deeplab_nas.settings import Settings, setting
from tests.fuzz import damaged_answers, fuzz_readers

_MEMORY_MIB = 256
# Of an answer that stalls.
_SECONDS = 0.5
_REPEATED_BYTES = 2**22


def run(count, seed):
    """Fuzzes the client.

    Args:
        count: Answers.
        seed: Of the damage.

    Returns:
        What `fuzz_readers.Answers` counts, and by how much the peak of memory grew in MiB.

    Raises:
        AssertionError: The client did something else; the message shows the answer.
    """
    before = 2**10 * peak_memory_gib()
    rng = random.Random(f"rest {seed}")
    answers = fuzz_readers.Answers("the answer of a server")
    raw_image, pixels = damaged_answers.image()
    with serving() as (url, given):
        server = rest_client.Server(url, damaged_answers.NUM_CLASSES, _SECONDS)
        for _ in range(count):
            damaged, end = damaged_answers.answer(rng)
            given.put((damaged, end))
            with answers.one(damaged):
                found = server.label_map(raw_image, pixels, "a.png")
                assert found.shape == damaged_answers.SIZE and found.dtype == np.uint8
                assert found.max() < damaged_answers.NUM_CLASSES
    grown = 2**10 * peak_memory_gib() - before
    assert grown < _MEMORY_MIB, f"{grown} MiB"
    return {**answers.counts, "memory_growth_mib": round(grown)}


@contextlib.contextmanager
def serving():
    """A server that answers each request with the next of a queue.

    Yields:
        Its URL, and the queue of what `damaged_answers.answer` returns.
    """
    given = queue.Queue()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:

        def serve():
            while (each := given.get()) is not None:
                connection, _ = listening.accept()
                # The client may have closed already.
                with connection, contextlib.suppress(OSError):
                    _reply(connection, *each)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            port = listening.getsockname()[1]
            yield f"http://name:secret@127.0.0.1:{port}/v1/models/network", given
        finally:
            given.put(None)
            thread.join()


def _reply(connection, raw, end):
    connection.settimeout(60)
    request = b""
    while not (head := re.search(rb"Content-Length: (\d+)\r\n(?:.*\r\n)*\r\n", request)):
        request += connection.recv(2**16)
    assert b"Authorization: Basic bmFtZTpzZWNyZXQ=\r\n" in request
    while len(request) < head.end() + int(head[1]):
        request += connection.recv(2**16)
    connection.sendall(raw)
    match end:
        case "reset":
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        case "repeat":
            last = raw[-1000:] or b"HTTP"
            for _ in range(_REPEATED_BYTES // len(last)):
                connection.sendall(last)
        case "stall":
            connection.recv(1)


@dataclasses.dataclass(frozen=True)
class FuzzConfig(Settings):
    """How much is damaged."""

    count: int = setting(50_000, "Answers.", least=1)
    seed: int = setting(0, "Seed of the damage.", least=0)


def main(config: FuzzConfig) -> None:
    """Fuzzes the client, and prints the JSON line."""
    print(json.dumps(run(config.count, config.seed)))


if __name__ == "__main__":
    program.run(FuzzConfig, main)
