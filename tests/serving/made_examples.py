"""Serialized tf.Examples, right and wrong, as a server may be sent them."""

import struct

import tensorflow as tf

from deeplab_nas.data.examples import IMAGE_ENCODED
from deeplab_nas.serving import service
from tests.serving import made_images

_UNKNOWN = "found no tf.Example"


def right():
    """Examples of one image, by name, and the file in them."""
    png = made_images.encode(made_images.picture(), "PNG")
    whole = service.example(png)
    return {
        "image alone": (whole, png),
        "other features": (example({IMAGE_ENCODED: [png], "a": [1], "b": [0.5]}), png),
        "the last of two counts": (_entry([b"text"]) + whole, png),
        "a field that nobody knows": (whole + _field(9, b"new"), png),
    }


def wrong():
    """Examples that have none: by name, the message and what the refusal says."""
    png = made_images.encode(made_images.picture(), "PNG")
    whole = service.example(png)
    huge, half = struct.pack("<B", 0x0A) + b"\xff\xff\xff\xff\x0f", whole[: len(whole) // 2]
    return {
        "empty": (b"", "found 0"),
        "text": (b"no example", _UNKNOWN),
        "zeros": (bytes(40), _UNKNOWN),
        "no image": (example({"a": [b"text"]}), "found 0"),
        "two images": (example({IMAGE_ENCODED: [png, png]}), "found 2"),
        "numbers": (example({IMAGE_ENCODED: [1, 2]}), "found 0"),
        "fractions": (example({IMAGE_ENCODED: [0.5]}), "found 0"),
        "no image in the image": (example({IMAGE_ENCODED: [b"text"]}), "expected a JPEG or PNG"),
        "an empty image": (example({IMAGE_ENCODED: [b""]}), "expected a JPEG or PNG"),
        "cut": (half, _UNKNOWN),
        "4 GB of features": (huge, _UNKNOWN),
        "4 GB of an entry": (_field(1, huge), _UNKNOWN),
        "4 GB of a feature": (_field(1, _field(1, _entry_of(huge))), _UNKNOWN),
        "4 GB of bytes": (_field(1, _field(1, _entry_of(_field(1, huge)))), _UNKNOWN),
        "2^63 bytes": (b"\x0a" + b"\xff" * 9 + b"\x01", _UNKNOWN),
        "a length without an end": (b"\x0a" + b"\xff" * 30, _UNKNOWN),
        "a group without an end": (b"\x0b" * 500, _UNKNOWN),
        "bytes where features stand, as a number": (b"\x08\x01", "found"),
    }


def example(values):
    """A tf.Example of features, each a list of bytes, integers or fractions."""
    made = tf.train.Example()
    for key, value in values.items():
        kind = {bytes: "bytes_list", int: "int64_list", float: "float_list"}[type(value[0])]
        getattr(made.features.feature[key], kind).value.extend(value)
    return made.SerializeToString(deterministic=True)


def _entry(values):
    return example({IMAGE_ENCODED: values})


def _entry_of(feature):
    """The entry of the image in the map of features; the feature as it is."""
    return _field(1, IMAGE_ENCODED.encode()) + _field(2, feature)


def _field(number, contents):
    """A field of bytes, as protocol buffers write it."""
    length, size = b"", len(contents)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + contents
