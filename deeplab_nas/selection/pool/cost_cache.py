"""A JSON file of what was measured, which an interrupted pass goes on from."""

import os
from collections.abc import Mapping

import tensorflow as tf

from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import Field

FORMAT = "deeplab_nas.candidate_costs"
VERSION = 1

# Of some 200,000 candidates.
_MAX_BYTES = 2**26
_ADVICE = "remove the file, and what it held is measured again"


class CostCache:
    """Numbers by their names, by a key that stands for all that they depend on."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Reads the file, if there is one.

        Raises:
            UserError: It is no such file.
        """
        self.path = os.fspath(path)
        self._measured: dict[str, Field] = {}
        if not tf.io.gfile.exists(self.path):
            return
        document = untrusted_json.load(self.path, _MAX_BYTES, _ADVICE, infinite=True)
        fields = document.record(("format", "version", "measured"))
        for name, expected in (("format", FORMAT), ("version", VERSION)):
            if fields[name].value != expected:
                raise fields[name].refusal(repr(expected))
        self._measured = fields["measured"].members()

    def __contains__(self, key: str) -> bool:
        return key in self._measured

    def numbers(self, key: str, names: tuple[str, ...]) -> dict[str, float]:
        """Returns the numbers of a key that is there.

        Raises:
            UserError: They are not those of the names.
        """
        fields = self._measured[key].record(names)
        return {name: fields[name].number() for name in names}

    def add(self, key: str, numbers: Mapping[str, float]) -> None:
        """Writes what was found under a key.

        Raises:
            UserError: The file cannot be written.
        """
        self._measured[key] = Field(dict(numbers), self.path, _ADVICE)
        values = {each: field.value for each, field in self._measured.items()}
        document = {"format": FORMAT, "version": VERSION, "measured": values}
        atomic.write_json(self.path, document, infinite=True)
