"""A server that is broken, slow or hostile gets one sentence, and costs bounded time and memory."""

import base64
import contextlib
import gzip
import json
import signal
import socket
import threading

import numpy as np
import PIL.Image
import pytest

from deeplab_nas.engine.prediction import rest_client
from deeplab_nas.errors import ImageError, UserError
from tests import refusals
from tests.fuzz import damaged_answers, fuzz_rest
from tests.serving import made_images

_ZEROS = PIL.Image.fromarray(np.zeros(damaged_answers.SIZE, np.uint8))
_PNG = made_images.encode(_ZEROS, "PNG")


def answer_of(png):
    return json.dumps({"predictions": [{"b64": base64.b64encode(png).decode()}]}).encode()


def http(body, *headers, status="200 OK"):
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""])
    return head.encode() + body


_RIGHT = answer_of(_PNG)


def ask(raw, end="close", num_classes=7, seconds=20.0):
    """What the client makes of an answer."""
    with fuzz_rest.serving() as (url, given):
        given.put((raw, end))
        server = rest_client.Server(url, num_classes, seconds)
        return server.label_map(*damaged_answers.image(), "a.png")


def chunked(body, end=b"0\r\n\r\n"):
    return b"%x\r\n%b\r\n%b" % (len(body), body, end)


@pytest.mark.parametrize(
    "raw",
    [
        http(_RIGHT, f"Content-Length: {len(_RIGHT)}"),
        http(_RIGHT),
        http(chunked(_RIGHT), "Transfer-Encoding: chunked"),
        http(_RIGHT, "Content-Encoding: identity"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + http(_RIGHT),
    ],
)
def test_a_right_answer_is_read_however_it_is_framed(raw):
    np.testing.assert_array_equal(ask(raw), np.zeros(damaged_answers.SIZE))


_WRONG = {
    "nothing": (b"", "close", "found none that answers"),
    "no status": (b"220 smtp\r\n", "close", r"found none that answers \(220 smtp\)"),
    "colours": (b"\x1b[31mred\r\n\r\n", "close", r"found none that answers \(\[31mred\)"),
    "a long line": (b"HTTP/1.1 200 " + b"x" * 2**17, "close", "found none that answers"),
    "many headers": (http(_RIGHT, *["A: b"] * 300), "close", "found none that answers"),
    "short": (http(_RIGHT[:9], "Content-Length: 99"), "close", "99 bytes .*, found the first 9"),
    "half": (http(_RIGHT, "Content-Length: 99999"), "close", "at most 65752 bytes .*found 99999"),
    "cut chunk": (http(b"99\r\nabc", "Transfer-Encoding: chunked"), "close", "all of its bytes"),
    "a chunk of -5": (http(b"-5\r\nabc", "Transfer-Encoding: chunked"), "close", "none that"),
    "chunks without end": (
        *(http(b"", "Transfer-Encoding: chunked") + b"3\r\nxyz\r\n" * 125, "repeat"),
        "Expected at most 65752 bytes|Expected an end",
    ),
    "a body without end": (http(_RIGHT), "repeat", "at most 65752 bytes .*, found more"),
    "headers without end": (b"HTTP/1.1 200 OK\r\n", "repeat", "found none that answers"),
    "continue without end": (b"HTTP/1.1 100 Continue\r\n\r\n" * 99, "repeat", "an end|none that"),
    "packed": (
        *(http(gzip.compress(_RIGHT), "Content-Encoding: gzip"), "close"),
        "Expected no compression in the answer of http.*, found gzip: serve a version",
    ),
    "reset": (http(_RIGHT[:50], "Content-Length: 90"), "reset", "found none that answers"),
    "elsewhere": (
        *(http(b"", "Location: http://127.0.0.1:9/", status="307 Temporary Redirect"), "close"),
        "found status 307, which leads somewhere else: give --server the address",
    ),
    "no such model": (http(b"no\x1b[2J model", status="404 No"), "close", r"404 \(no \[2J model\)"),
    "an error without its text": (
        *(http(b"no", "Content-Length: 999", status="500 No"), "close", r"found status 500 \(no\)"),
    ),
    "deep": (http(b"[" * 60_000), "close", "nested too deeply"),
    "two predictions": (http(_RIGHT.replace(b"}]", b"}, 1]")), "close", "an array of 1"),
    "no base64": (http(_RIGHT.replace(b"iVBO", b"i*BO")), "close", "a PNG in base64"),
    "ids outside the card": (
        *(http(answer_of(made_images.encode(_ZEROS.point(lambda _: 9), "PNG"))), "close"),
        "Expected class ids below 7, as --model_card says, .*, found 9: give the model_card.json",
    ),
    "a bomb": (
        *(http(answer_of(damaged_answers.with_header(_PNG, width=60_000))), "close"),
        r"Expected a label map of \(6, 9\) .*, found \(6, 60000\): serve a version",
    ),
    "half a picture": (*(http(answer_of(_PNG[:44])), "close", "a whole PNG in base64"),),
}


@pytest.mark.parametrize("name", _WRONG)
def test_another_answer_is_one_sentence(name):
    raw, end, told = _WRONG[name]
    with pytest.raises(UserError, match=told) as error:
        ask(raw, end)
    refusals.assert_sentence(str(error.value))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("status", ["400 Bad Request", "413 Content Too Large"])
def test_fault_that_is_found_with_the_image_is_the_images(status):
    with pytest.raises(ImageError, match=r"refuses a\.png \(too large\)"):
        ask(http(b"too large", status=status))


def test_without_a_card_every_id_is_taken():
    ids = _ZEROS.point(lambda _: 255)
    found = ask(http(answer_of(made_images.encode(ids, "PNG"))), num_classes=None)
    assert found.min() == 255


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", http(_RIGHT[:9])])
def test_the_whole_request_has_one_deadline(sent):
    """A byte now and then is no progress."""
    with dripping(sent) as url:
        server = rest_client.Server(url, 7, seconds=0.3)
        with pytest.raises(UserError, match=r"no whole answer within 0\.3 seconds"):
            server.label_map(*damaged_answers.image(), "a.png")


@contextlib.contextmanager
def dripping(sent):
    """A server that sends a byte every hundredth of a second until nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        done = threading.Event()

        def serve():
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(2**20)
                connection.sendall(sent)
                while not done.wait(0.01):
                    connection.sendall(b"1")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1/models/a"
        done.set()
        thread.join()


def test_a_request_can_be_interrupted():
    with dripping(b"") as url:
        main = threading.main_thread().ident
        timer = threading.Timer(0.3, signal.pthread_kill, [main, signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            rest_client.Server(url).label_map(*damaged_answers.image(), "a.png")
        timer.join()


def test_no_proxy_is_asked(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(http(_RIGHT)).shape == damaged_answers.SIZE


def test_a_server_that_speaks_no_tls_is_told():
    with dripping(b"HTTP/1.1 400 Bad\r\n\r\n") as plain:
        secure = plain.replace("http://", "https://name:secret@")
        with pytest.raises(UserError, match="found none that answers .*SSL") as error:
            rest_client.Server(secure).label_map(*damaged_answers.image(), "a.png")
    refusals.assert_sentence(str(error.value))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 64 + ".example", "127.0.0.1:9"])
def test_no_server_is_one_sentence(host):
    with pytest.raises(UserError, match="Expected a server at http.*, found none") as error:
        rest_client.Server(f"http://{host}/a").label_map(*damaged_answers.image(), "a.png")
    refusals.assert_sentence(str(error.value))
