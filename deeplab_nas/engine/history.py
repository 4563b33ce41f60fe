"""`history.jsonl`: what a run measured, one JSON object a line."""

import json
import sys
from typing import Any

import tensorflow as tf

from deeplab_nas.engine import run_directory
from deeplab_nas.errors import UserError


class History:
    """A file of records, each with the `step` it was measured at, oldest first."""

    def __init__(self, path: str):
        """Takes over the history at `path`, which need not exist.

        A last line that was cut off, as by a kill while it was written, is dropped, so that the
        next record begins on a line of its own.

        Raises:
            UserError: A line before the last one is not a JSON object.
        """
        self._path = path
        text = self._text()
        if text and not text.endswith("\n"):
            self._write(_parse(path, text))

    def append(self, record: dict[str, Any]) -> None:
        """Adds one record, on the disk when this returns.

        Args:
            record: JSON values by name, `step` among them.

        Raises:
            ValueError: A number is infinite or not a number.
        """
        with tf.io.gfile.GFile(self._path, "a") as file:
            file.write(_line(record))

    def read(self) -> list[dict[str, Any]]:
        """All records, oldest first."""
        return _parse(self._path, self._text())

    def truncate_after(self, step: int) -> None:
        """Drops the records newer than `step`, which a run that goes on from there writes again."""
        records = self.read()
        kept = [record for record in records if record["step"] <= step]
        if len(kept) < len(records):
            self._write(kept)

    def _text(self) -> str:
        if not tf.io.gfile.exists(self._path):
            return ""
        with tf.io.gfile.GFile(self._path) as file:
            return file.read()

    def _write(self, records: list[dict[str, Any]]) -> None:
        run_directory.write_text(self._path, "".join(map(_line, records)))


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, allow_nan=False) + "\n"


def _parse(path: str, text: str) -> list[dict[str, Any]]:
    """The records of the complete lines; a cut-off last line is dropped and told."""
    *lines, rest = text.split("\n")
    if rest:
        print(f"Dropped the half-written last line of {path}.", file=sys.stderr)
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or "step" not in record:
            raise UserError(
                f"Expected a JSON object with a step in line {number} of {path}, found "
                f"'{line[:60]}': mend or delete the line."
            )
        records.append(record)
    return records
