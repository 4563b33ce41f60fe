"""Records that cannot be used: named in an error, or skipped up to a number."""

import re
import sys

import numpy as np
import tensorflow as tf

from deeplab_nas.data import record_faults
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json

_MAX_BYTES = 2**25


class BadRecords:
    """The records of a training split that a run skips, kept in its run directory."""

    def __init__(self, path, allowed, split, anew=False):
        """Reads those that an earlier start of the run has found.

        Args:
            path: Of the file, `bad_records.json`.
            allowed: How many may be skipped.
            split: `Split` that is trained on.
            anew: Whether the run begins anew, and what an earlier start has found is left out.

        Raises:
            UserError: The file is damaged.
        """
        self._path = path
        self._allowed = allowed
        self._split = split
        self._faults = {} if anew else _read(path, split.index.num_examples)

    def replaced(self, indices):
        """Puts the next usable record in the place of each that is skipped.

        What comes in a place depends on the records alone, not on when their faults were found.

        Args:
            indices: Numbers of records, int64 `[examples]`.

        Returns:
            As many numbers.

        Raises:
            UserError: None of them is usable.
        """
        places = np.flatnonzero(~np.isin(indices, list(self._faults)))
        if not len(places):
            raise UserError(
                f"Expected records to train on, found that none of {len(indices)} can be used: "
                f"{next(iter(self._faults.values()))}"
            )
        following = np.searchsorted(places, np.arange(len(indices)))
        return indices[places[following % len(places)]]

    def report(self, history, step):
        """Writes each record that is skipped once into the history, and on stderr.

        Args:
            history: `History` of the run.
            step: Steps done.
        """
        if not self._faults:
            return
        reported = [record.get("fault") for record in history.of_kind("bad_record")]
        for fault in self._faults.values():
            if fault not in reported:
                history.append({"kind": "bad_record", "step": step, "fault": fault})
                print(f"Skipped: {fault}", file=sys.stderr)

    def find_one(self, numbers):
        """Looks for a record that cannot be used and skips it from now on.

        Args:
            numbers: Of the records to read, until one is found.

        Returns:
            Whether one was found.

        Raises:
            UserError: More were found than are allowed.
        """
        unknown = (number for number in dict.fromkeys(numbers) if number not in self._faults)
        found = next(record_faults.find(self._split, unknown), None)
        if not found:
            return False
        together = {**self._faults, found[0]: found[1]}
        if not self._allowed:
            raise UserError(found[1])
        if len(together) > self._allowed:
            raise UserError(
                f"Expected at most --skip_bad_records={self._allowed} records that cannot be used, "
                f"found {len(together)}: {' '.join(together.values())}"
            )
        self._faults = together
        atomic.write_json(self._path, together)
        return True


def _read(path, num_examples):
    if not tf.io.gfile.exists(path):
        return {}
    found = untrusted_json.load(path, _MAX_BYTES, "delete it, and the faults are looked for again")
    faults = {}
    for number, fault in found.members().items():
        if not re.fullmatch(r"\d{1,18}", number) or int(number) >= num_examples:
            raise found.refusal(f"numbers below {num_examples} and sentences")
        faults[int(number)] = fault.text()
    return faults
