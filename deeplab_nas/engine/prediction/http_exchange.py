"""One request to an HTTP server that nobody has vouched for, bounded in time and in bytes.

`http.client` parses; what it reads from is bounded here, because it has a timeout for each read and
no limit for the whole. Nothing is followed, unpacked, or sent through a proxy.
"""

import contextlib
import http.client
import io
import socket
import ssl
import time
from typing import NamedTuple

from deeplab_nas.engine.prediction.server_address import ServerAddress

_CONNECT_SECONDS = 30
_SENT_AT_ONCE = 2**16
# Of the status line, the headers, and the lines between the chunks of a body.
_AROUND_BODY_BYTES = 2**18
# Of what a server says about a request that it refuses.
_EXPLANATION_BYTES = 2**16


class ExchangeError(Exception):
    """No server answers; the message is one line that says why."""


class AnswerError(Exception):
    """A server answers with what cannot be read.

    Attributes:
        expected: What was expected in the answer.
        found: What was found in its place, on one line.
    """

    def __init__(self, expected: str, found: object):
        super().__init__(f"Expected {expected}, found {found}")
        self.expected = expected
        self.found = found


class Answer(NamedTuple):
    """What a server answered.

    Attributes:
        status: Such as 200.
        body: What it sent.
    """

    status: int
    body: bytes


def post(address: ServerAddress, verb: str, body: bytes, max_bytes: int, seconds: float) -> Answer:
    """Sends JSON and waits for the answer.

    Args:
        address: Of the model.
        verb: What is added to its path, such as `:predict`.
        body: The JSON.
        max_bytes: Largest body that an answer of status 200 may have; of another, the first
            64 KiB are read.
        seconds: How long connecting, sending and receiving may take together.

    Returns:
        The answer, whatever its status.

    Raises:
        ExchangeError: There is no server, it speaks something else, or too slowly.
        AnswerError: The body is packed, too large or cut off.
    """
    deadline = time.monotonic() + seconds
    headers = {"Content-Type": "application/json", "Connection": "close"}
    if address.authorization:
        headers["Authorization"] = address.authorization
    try:
        with _connected(address, deadline) as connected:
            channel = _Channel(connected, deadline, max_bytes + _AROUND_BODY_BYTES)
            connection = http.client.HTTPConnection(address.host, address.port)
            connection.sock = channel
            # A server may answer, as that this is too much, and close before it has read all.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request("POST", address.path + verb, body, headers)
            response = connection.getresponse()
            if response.status == 200:
                return Answer(200, _body(response, max_bytes))
            return Answer(response.status, _explanation(response))
    except TimeoutError as error:
        raise ExchangeError(f"no whole answer within {seconds:g} seconds") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ExchangeError(one_line(str(error)) or type(error).__name__) from error


def one_line(text: str, most: int = 300) -> str:
    """What others wrote, as a message may show it: printable, on one line and not long."""
    printable = "".join(each if each.isprintable() else " " for each in text[: 10 * most])
    return " ".join(printable.split())[:most]


def _connected(address: ServerAddress, deadline: float) -> socket.socket:
    seconds = min(_left(deadline), _CONNECT_SECONDS)
    connected = socket.create_connection((address.host, address.port), seconds)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not address.secure:
            return connected
        connected.settimeout(_left(deadline))
        context = ssl.create_default_context()
        return context.wrap_socket(connected, server_hostname=address.host)
    except BaseException:
        connected.close()
        raise


def _body(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    encoding = response.getheader("Content-Encoding", "").strip().lower()
    if encoding not in ("identity", ""):
        raise AnswerError("no compression", one_line(encoding, 40))
    announced = response.length
    if announced is not None and announced > max_bytes:
        raise AnswerError(f"at most {max_bytes} bytes", announced)
    try:
        body = response.read(max_bytes + 1)
    except http.client.IncompleteRead as error:
        raise AnswerError("all of its bytes", f"the first {len(error.partial)}") from error
    if len(body) > max_bytes:
        raise AnswerError(f"at most {max_bytes} bytes", "more")
    if announced is not None and len(body) < announced:
        raise AnswerError(f"{announced} bytes", f"the first {len(body)}")
    return body


def _explanation(response: http.client.HTTPResponse) -> bytes:
    # The status says more than that the rest is damaged as well.
    with contextlib.suppress(OSError, http.client.HTTPException, AnswerError):
        return response.read(_EXPLANATION_BYTES)
    return b""


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Channel(io.RawIOBase):
    """What `http.client` takes for a socket, and reads from."""

    def __init__(self, connected: socket.socket, deadline: float, max_bytes: int):
        super().__init__()
        self._socket = connected
        self._deadline = deadline
        self._bytes_left = max_bytes

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._socket.settimeout(_left(self._deadline))
            rest = rest[self._socket.send(rest[:_SENT_AT_ONCE]) :]

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        if self._bytes_left <= 0:
            raise AnswerError("an end", "none")
        self._socket.settimeout(_left(self._deadline))
        received = self._socket.recv_into(memoryview(buffer)[: self._bytes_left])
        self._bytes_left -= received
        return received

    def close(self) -> None:
        """Leaves the socket to whoever opened it: the connection closes before the body is read."""
