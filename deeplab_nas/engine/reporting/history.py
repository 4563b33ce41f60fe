"""`history.jsonl`: what a run measured, one JSON object a line."""

import concurrent.futures
import io
import json
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import Field

# A million lines and more, of some 300 bytes each.
_MAX_BYTES = 2**29
_MAX_LINE_BYTES = 2**20
_ADVICE = "move it away"
# A part is written at least after so many lines.
_LINES_A_PART = 1000
_READERS = 16


class History:
    """Records, each with the `step` it was measured at, oldest first.

    On a local disk each is added to the file and is on the disk then. An object store such as gs://
    adds to an object by writing the whole of it again: there records wait for `flush` and become a
    part of their own, `history-000001.jsonl` and so on, which come after `history.jsonl`. All of
    it is read as one, wherever it lies.
    """

    def __init__(self, path: str):
        """Takes over the history at `path`, which need not exist.

        A last line that was cut off, as by a kill while it was written, is told and dropped; the
        next record takes its place.

        Raises:
            UserError: The file is too large.
        """
        self._path = path
        stem = os.path.basename(path).removesuffix(".jsonl")
        self._part = re.compile(rf"{re.escape(stem)}-(\d{{6,18}})\.jsonl")
        self._in_parts = "://" in path
        self._waiting: list[str] = []
        self._last = self._newest()
        there = _read(self._last) if tf.io.gfile.exists(self._last) else b""
        self._is_cut_off = bool(there) and not there.endswith(b"\n")
        if self._is_cut_off:
            print(f"Dropped the half-written last line of {self._last}.", file=sys.stderr)

    def append(self, record: dict[str, Any]) -> None:
        """Adds one record; on a local disk it is there when this returns.

        Args:
            record: JSON values by name, `step` among them.

        Raises:
            ValueError: A number is infinite or not a number.
            UserError: The file cannot be written, as on a full disk.
        """
        line = _line(record)
        if self._in_parts:
            self._waiting.append(line)
            if len(self._waiting) >= _LINES_A_PART:
                self.flush()
            return
        if self._is_cut_off:
            self._rewrite(self._last, _parse(self._last, _read(self._last)))
        telling = atomic.as_user_errors(self._last, atomic.RESUME_ADVICE)
        with telling, tf.io.gfile.GFile(self._last, "a") as file:
            file.write(line)

    def flush(self) -> None:
        """Writes the records that wait; to be called before a checkpoint that comes after them.

        Raises:
            UserError: They cannot be written.
        """
        if self._waiting:
            numbers = [self._number(file) for file in self._files()]
            name = self._path.removesuffix(".jsonl") + f"-{max(numbers, default=0) + 1:06d}.jsonl"
            atomic.write_text(name, "".join(self._waiting), atomic.RESUME_ADVICE)
            self._waiting = []

    def read(self) -> list[dict[str, Any]]:
        """All records, oldest first.

        Raises:
            UserError: The history is too large, or a line is no record.
        """
        return [field.value for field in self._records()]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The records that have this `kind`, oldest first; raises as `read` does."""
        return [record for record in self.read() if record.get("kind") == kind]

    def results(
        self, kind: str, numbers: Iterable[str], later: Iterable[str] = ()
    ) -> list[dict[str, Any]]:
        """The records of a kind that a run which has ended has.

        Args:
            kind: The kind.
            numbers: Names that each of them has a number under.
            later: Names that it has a number under or, by an earlier version, nothing.

        Raises:
            UserError: As `read`; there is no such record, or one lacks a number.
        """
        found = [field for field in self._records() if field.value.get("kind") == kind]
        if not found:
            raise UserError(
                f"Expected what the run has measured in {self._path}, found no line of kind "
                f"{kind!r}: restore the file; the checkpoints do not need it."
            )
        for field in found:
            present = [name for name in later if name in field.value]
            for name in (*numbers, *present):
                field.member(name).number()
            # Some systems do not tell it.
            memory = field.member("peak_memory_gib")
            if memory.value is not None:
                memory.number()
        return [field.value for field in found]

    def truncate_after(self, step: int) -> None:
        """Drops the records newer than `step`, which a run that goes on from there writes again."""
        self._waiting = [line for line in self._waiting if json.loads(line)["step"] <= step]
        # All are read before the first is written, and the newest goes first: what an interrupted
        # start leaves is a history too.
        files = self._files()
        for file, records in reversed(list(zip(files, self._parsed(files), strict=True))):
            kept = [record for record in records if record.value["step"] <= step]
            if not kept and self._number(file):
                atomic.remove(file)
            elif len(kept) < len(records) or (self._is_cut_off and file == self._last):
                self._rewrite(file, kept)
        self._last = self._newest()

    def clear(self) -> None:
        """Drops all records."""
        self._waiting = []
        for file in reversed(self._files()):
            atomic.remove(file)
        self._last, self._is_cut_off = self._path, False

    def _records(self) -> list[Field]:
        records = [record for part in self._parsed(self._files()) for record in part]
        return records + _parse("memory", "".join(self._waiting).encode())

    def _parsed(self, files: list[str]) -> list[list[Field]]:
        """The records of each file."""
        total = sum(map(_length, files))
        if total > _MAX_BYTES:
            raise UserError(
                f"Expected at most {_MAX_BYTES} bytes in {self._path} and its parts, found {total}"
                f": {_ADVICE}."
            )
        # Each file of an object store takes a while to open.
        with concurrent.futures.ThreadPoolExecutor(_READERS) as readers:
            return list(map(_parse, files, readers.map(_read, files)))

    def _files(self) -> list[str]:
        """The files of the history, in their order."""
        folder = os.path.dirname(self._path)
        there = folder or "."
        names = tf.io.gfile.listdir(there) if tf.io.gfile.isdir(there) else []
        parts = sorted(filter(self._part.fullmatch, names), key=self._number)
        whole = [self._path] if tf.io.gfile.exists(self._path) else []
        return whole + [os.path.join(folder, name) for name in parts]

    def _newest(self) -> str:
        return (self._files() or [self._path])[-1]

    def _number(self, file: str) -> int:
        """Number of a part, from 1; 0 for the file that is none."""
        match = self._part.fullmatch(os.path.basename(file))
        return int(match.group(1)) if match else 0

    def _rewrite(self, file: str, records: list[Field]) -> None:
        atomic.write_text(file, "".join(_line(record.value) for record in records))
        self._is_cut_off = False


def _length(file: str) -> int:
    return tf.io.gfile.stat(file).length


def _read(file: str) -> bytes:
    return untrusted_json.read(file, _MAX_BYTES, _ADVICE)


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, allow_nan=False) + "\n"


def _parse(path: str, data: bytes) -> list[Field]:
    """The records of the complete lines."""
    records = []
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.endswith(b"\n"):
            break
        record = untrusted_json.parse(
            line[:-1], f"line {number} of {path}", _MAX_LINE_BYTES, "mend or delete the line"
        )
        record.member("step").integer()
        records.append(record)
    return records
