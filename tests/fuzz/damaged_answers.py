"""What a server may answer in place of a label map, from the status line to the pixels."""

import base64
import gzip
import io
import json
import struct
import zlib

import numpy as np
import PIL.Image

from tests.fuzz import mutations

# Height and width of the image that is asked about, and its classes.
SIZE, NUM_CLASSES = (6, 9), 7

_STATUS_LINES = (
    *(b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/1.1 400 Bad Request", b"HTTP/1.1 404 Not Found"),
    *(b"HTTP/1.1 413 Too Large", b"HTTP/1.1 503 Busy", b"HTTP/1.1 301 Moved", b"HTTP/1.1 204 No"),
    *(b"HTTP/1.1 101 Switch", b"HTTP/1.1 999 \x1b[31m", b"HTTP/1.1 -20 OK", b"HTTP/1.1 2e2 OK"),
    *(b"HTTP/9.9 200 OK", b"HTTP/1.1  200 OK", b"ICY 200 OK", b"220 smtp", b"", b"\xff\xfe", b"{}"),
    *(b"HTTP/1.1 200 " + b"x" * 70_000, b"HTTP/1.1 " + b"9" * 5000, b"<html>", b"\x16\x03\x01\x02"),
    *(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 200 OK", b"HTTP/1.1 100 Continue\r\n"),
)
_LENGTHS = (
    b"0",
    b"-1",
    b"5",
    b"1e3",
    b"",
    b"9" * 19,
    b"9" * 5000,
    b"0x40",
    b"4 4",
    b"\xb2",
    b"1_0",
)
_HEADERS = (
    *(b"Content-Encoding: gzip", b"Content-Encoding: br\x1b[2J", b"Content-Encoding: identity"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: x"),
    *(b"Location: http://127.0.0.1:1/", b"Connection: keep-alive", b"Upgrade: h2c", b" folded"),
    *(b"No colon", b": no name", b"Na\xffme: \xff", b"A: " + b"x" * 70_000, b"A: \0", b"A\rB: C"),
    *(b"Content-Type: text/html; charset=\xff", b"\n".join([b"X: y"] * 300), b"Trailer: a"),
)
_CHUNK_SIZES = (b"0", b"-5", b"ffffffffffffffffffff", b"", b"5;a=b", b"zz", b"1_0", b"+5", b"5 ")


def image():
    """The file that is asked about, and its pixels."""
    pixels = np.arange(SIZE[0] * SIZE[1] * 3, dtype=np.uint8).reshape(*SIZE, 3)
    return _png(PIL.Image.fromarray(pixels)), pixels


def answer(random):
    """Damages a right answer in one place.

    Args:
        random: `random.Random`.

    Returns:
        The bytes, and what the server does when they are sent: `close`, `reset` the connection,
        `stall` or `repeat` the last thousand bytes for some megabytes.
    """
    chance = random.random()
    png = _label_map(random)
    if 0.03 < chance < 0.25:
        png = _damaged_png(random, png)
    text = base64.b64encode(png)
    if 0.25 < chance < 0.33:
        text = mutations.damaged_bytes(random, text, png)
    document = {"predictions": [{"b64": text.decode("latin-1")}]}
    body = json.dumps(document).encode()
    if 0.33 < chance < 0.5:
        other = {"error": "no", "predictions": [[0.5, [1]], {"b64": 3}, {}], "outputs": "b64"}
        body = mutations.damaged_json(random, document, other)
    elif 0.5 < chance < 0.55:
        body = mutations.damaged_bytes(random, body, png)
    raw = _framed(random, body, is_damaged=0.55 < chance < 0.9)
    if chance > 0.9:
        raw = mutations.damaged_bytes(random, raw, body)
    end = random.random()
    if end < 0.97:
        return raw, "close"
    raw = raw[: random.randrange(len(raw) + 1)]
    return raw, "reset" if end < 0.99 else "repeat" if end < 0.999 else "stall"


def _label_map(random):
    if random.random() < 0.03:
        return random.choice([b"", b"text", image()[0]])
    least = 0 if random.random() < 0.9 else NUM_CLASSES
    ids = [[random.randint(least, NUM_CLASSES - 1 + least) for _ in range(9)] for _ in range(6)]
    return _png(PIL.Image.fromarray(np.array(ids, np.uint8)))


def _damaged_png(random, png):
    match random.randrange(4):
        case 0:
            return mutations.damaged_bytes(random, png, image()[0])
        case 1:
            side = random.choice([0, 1, 5, 60_000, 2**31 - 1, 2**32 - 1])
            return with_header(png, width=side, height=random.choice([6, side]))
        case 2:
            kind = random.choice([0, 2, 3, 4, 6, 9])
            return with_header(png, depth=random.choice([1, 2, 4, 8, 16, 77]), colour=kind)
        case _:
            mode = random.choice(["RGB", "P", "1", "I;16", "LA", "RGBA", "L"])
            size = random.choice([(9, 6), (6, 9), (1, 1), (300, 200)])
            return _png(PIL.Image.new(mode, size))


def with_header(png, width=9, height=6, depth=8, colour=0):
    """The picture with another first chunk, whose checksum is right."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return png[:12] + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]


def _framed(random, body, is_damaged):
    """The body behind a status line and headers; damaged in one of them or between chunks."""
    status, headers, length = b"HTTP/1.1 200 OK", [b"Content-Type: application/json"], None
    hit = random.randrange(5) if is_damaged else None
    chunked = random.random() < 0.3
    if hit == 0:
        status = random.choice(_STATUS_LINES)
    elif hit == 1:
        headers += random.choices(_HEADERS, k=random.choice([1, 1, 2, 9]))
        random.shuffle(headers)
    elif hit == 2:
        length = random.choice([*_LENGTHS, b"%d" % (len(body) + random.choice([-9, -1, 1, 10**6]))])
    elif hit == 3:
        packed = random.choice(
            [gzip.compress(body), gzip.compress(bytes(10**6)), zlib.compress(body)]
        )
        headers, body = (
            [*headers, b"Content-Encoding: " + random.choice([b"gzip", b"deflate"])],
            packed,
        )
    if chunked:
        headers.append(b"Transfer-Encoding: chunked")
        body = _chunked(random, body, is_damaged=hit == 4)
    elif length is not None or random.random() < 0.8:
        headers.append(b"Content-Length: " + (b"%d" % len(body) if length is None else length))
    return b"\r\n".join([status, *headers, b"", body])


def _chunked(random, body, is_damaged):
    step = random.choice([7, 100, 10_000])
    sizes = [b"%x" % len(body[begin : begin + step]) for begin in range(0, len(body), step)]
    if is_damaged:
        sizes[random.randrange(len(sizes))] = random.choice(_CHUNK_SIZES)
    pieces = (body[number * step : (number + 1) * step] for number in range(len(sizes)))
    chunks = b"".join(b"%b\r\n%b\r\n" % pair for pair in zip(sizes, pieces, strict=True))
    ends = [
        b"0\r\n\r\n",
        b"",
        b"0\r\n",
        b"0\r\n" + b"A: b\r\n" * 300 + b"\r\n",
        b"0\r\n" + b"x" * 70_000,
    ]
    return chunks + (random.choice(ends) if is_damaged else ends[0])


def _png(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
