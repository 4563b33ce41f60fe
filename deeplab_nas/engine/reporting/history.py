"""`history.jsonl`: what a run measured, one JSON object a line."""

import io
import json
import sys
from typing import Any

import tensorflow as tf

from deeplab_nas.files import atomic, untrusted_json

# A million lines and more, of some 300 bytes each.
_MAX_BYTES = 2**29
_MAX_LINE_BYTES = 2**20


class History:
    """A file of records, each with the `step` it was measured at, oldest first."""

    def __init__(self, path: str):
        """Takes over the history at `path`, which need not exist.

        A last line that was cut off, as by a kill while it was written, is dropped, so that the
        next record begins on a line of its own.

        Raises:
            UserError: The file is too large, or a line before the last one is no record.
        """
        self._path = path
        data = self._data()
        if data and not data.endswith(b"\n"):
            self._write(_parse(path, data))

    def append(self, record: dict[str, Any]) -> None:
        """Adds one record, on the disk when this returns.

        Args:
            record: JSON values by name, `step` among them.

        Raises:
            ValueError: A number is infinite or not a number.
            UserError: The file cannot be written, as on a full disk.
        """
        line = _line(record)
        telling = atomic.as_user_errors(self._path, atomic.RESUME_ADVICE)
        with telling, tf.io.gfile.GFile(self._path, "a") as file:
            file.write(line)

    def read(self) -> list[dict[str, Any]]:
        """All records, oldest first.

        Raises:
            UserError: The file is too large, or a line is no record.
        """
        return _parse(self._path, self._data())

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The records that have this `kind`, oldest first."""
        return [record for record in self.read() if record.get("kind") == kind]

    def truncate_after(self, step: int) -> None:
        """Drops the records newer than `step`, which a run that goes on from there writes again."""
        records = self.read()
        kept = [record for record in records if record["step"] <= step]
        if len(kept) < len(records):
            self._write(kept)

    def _data(self) -> bytes:
        if not tf.io.gfile.exists(self._path):
            return b""
        return untrusted_json.read(self._path, _MAX_BYTES, "move it away")

    def _write(self, records: list[dict[str, Any]]) -> None:
        atomic.write_text(self._path, "".join(map(_line, records)))


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, allow_nan=False) + "\n"


def _parse(path: str, data: bytes) -> list[dict[str, Any]]:
    """The records of the complete lines; a cut-off last line is dropped and told."""
    records = []
    for number, line in enumerate(io.BytesIO(data), start=1):
        if not line.endswith(b"\n"):
            print(f"Dropped the half-written last line of {path}.", file=sys.stderr)
            break
        record = untrusted_json.parse(
            line[:-1], f"line {number} of {path}", _MAX_LINE_BYTES, "mend or delete the line"
        )
        record.member("step").integer()
        records.append(record.value)
    return records
