"""Reads JSON that anybody may have written: at most so large, strictly, or a `UserError`."""

import collections
import json
import math
import os
from typing import Any, NoReturn

import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import git_lfs
from deeplab_nas.files.json_field import MAX_INTEGER, Field, shown

# Nothing that is read here nests deeper than 5; Python gives up near 1000.
_MAX_DEPTH = 32


def read(path: str | os.PathLike[str], max_bytes: int, advice: str) -> bytes:
    """Reads a file whose size nobody has vouched for.

    Args:
        path: The file, on any file system that TensorFlow knows.
        max_bytes: The largest size that is read.
        advice: What to do where the file is refused, without a full stop.

    Returns:
        The contents of the file.

    Raises:
        UserError: The file cannot be read or is larger.
    """
    path = os.fspath(path)
    try:
        # Not until the end, which a file that is being written, or /dev/zero, need not have.
        num_bytes = tf.io.gfile.stat(path).length
        if num_bytes > max_bytes:
            raise _too_large(path, num_bytes, max_bytes, advice)
        with tf.io.gfile.GFile(path, "rb") as file:
            data = file.read(num_bytes)
    except tf.errors.OpError as error:
        reason = " ".join(error.message.split())
        raise UserError(f"Cannot read {path} ({reason}): {advice}.") from error
    git_lfs.refuse_pointer(data, path)
    return data


def parse(
    data: bytes | str, place: str, max_bytes: int, advice: str, infinite: bool = False
) -> Field:
    """Parses JSON, strictly.

    Refused are, besides what is no JSON: NaN and infinite numbers, integers of more than 64 bits,
    a key that stands twice in an object, deep nesting, and text that is not Unicode.

    Args:
        data: The document.
        place: Where it comes from, such as the path of its file, for messages.
        max_bytes: The largest size that is parsed.
        advice: What to do where the document is refused, without a full stop.
        infinite: Whether `Infinity`, which Python writes for such a number, is taken.

    Returns:
        The document.

    Raises:
        UserError: The document is not such JSON.
    """
    try:
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > max_bytes:
            raise _too_large(place, len(raw), max_bytes, advice)
        text = raw.decode()
        value = (_WITH_INFINITY if infinite else _STRICT).decode(text)
        if "\\u" in text:
            # Half of a surrogate pair, which is no character, could not be written or shown.
            json.dumps(value, ensure_ascii=False).encode()
        if text.count("[") + text.count("{") > _MAX_DEPTH and _is_deep(value):
            raise RecursionError
    except UnicodeError:
        reason = "not Unicode text"
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:
        reason = str(error)
    else:
        return Field(value, place, advice)
    raise UserError(f"Expected JSON in {place}, but it does not parse ({reason}): {advice}.")


def load(
    path: str | os.PathLike[str], max_bytes: int, advice: str, infinite: bool = False
) -> Field:
    """Reads and parses a JSON file; the arguments and errors are those of `read` and `parse`."""
    return parse(read(path, max_bytes, advice), os.fspath(path), max_bytes, advice, infinite)


def _too_large(place: str, num_bytes: int, max_bytes: int, advice: str) -> UserError:
    return UserError(f"Expected at most {max_bytes} bytes in {place}, found {num_bytes}: {advice}.")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, (list, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def _integer(text: str) -> int:
    # The length first: converting a number takes time by the square of its digits.
    if len(text) > 20 or abs(int(text)) > MAX_INTEGER:
        raise ValueError(f"an integer of more than 64 bits, {shown(text)}")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a number out of range, {shown(text)}")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is no JSON number")


def _infinity(name: str) -> float:
    if name == "NaN":
        _no_constant(name)
    return float(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        ((twice, _),) = collections.Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {shown(twice)} twice in one object")
    return made


_STRICT, _WITH_INFINITY = (
    json.JSONDecoder(
        object_pairs_hook=_object,
        parse_int=_integer,
        parse_float=_float,
        parse_constant=parse_constant,
    )
    for parse_constant in (_no_constant, _infinity)
)
