"""The folder of a run: where each file lies, and whose run it is."""

import importlib.metadata
import json
import os
import platform
from typing import Any

import tensorflow as tf

from deeplab_nas import settings
from deeplab_nas.engine.runs.run_lock import RunLock
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import Field
from deeplab_nas.settings import Settings

_PACKAGES = ("deeplab_nas", "tensorflow", "keras", "numpy", "pillow", "tensorflow-datasets")
_ABSENT = "absent"
_MAX_BYTES = 2**20


class RunDirectory:
    """One run's folder, on a local disk or on gs://.

    Attributes:
        path: The folder.
        flags_path: `flags.json`, every setting and the versions of the packages.
        history_path: `history.jsonl`, one line an interval.
        architecture_path: `architecture.json`, the architecture decoded last.
        picture_path: `architecture.png`, its picture.
        dataset_path: `dataset.json`, the classes of the data set and their colours.
        metrics_path: `metrics.json`, what an evaluation measured.
        bad_records_path: `bad_records.json`, the records that the run passes over.
        checkpoints: Folder of the checkpoints.
        best: Folder of the weights that evaluated best.
        events: Folder of TensorBoard's event files.
        architectures: Folder of the architectures decoded after each epoch of a search.
    """

    def __init__(self, path: str):
        """Args: path, the folder, which need not exist."""
        self.path = path
        self.flags_path = os.path.join(path, "flags.json")
        self.history_path = os.path.join(path, "history.jsonl")
        self.architecture_path = os.path.join(path, "architecture.json")
        self.picture_path = os.path.join(path, "architecture.png")
        self.checkpoints = os.path.join(path, "checkpoints")
        self.events = os.path.join(path, "events")
        self.architectures = os.path.join(path, "architectures")
        self.best = os.path.join(path, "best")
        self.dataset_path = os.path.join(path, "dataset.json")
        self.metrics_path = os.path.join(path, "metrics.json")
        self.bad_records_path = os.path.join(path, "bad_records.json")
        self._lock = None

    def create(self) -> None:
        """Creates the folder and its sub-folders where they are missing.

        Raises:
            UserError: The path is a file, or nothing can be written there.
        """
        path = self.path
        if tf.io.gfile.exists(path) and not tf.io.gfile.isdir(path):
            raise UserError(
                f"Expected --train_logdir to be a folder, found the file {path}: name another one."
            )
        atomic.make_folder(path, "--train_logdir", self.checkpoints, self.events)

    def architecture_epoch_path(self, epoch: int) -> str:
        """`architectures/epoch_NNN.json`, the architecture decoded after `epoch` epochs."""
        return os.path.join(self.architectures, f"epoch_{epoch:03d}.json")

    def claim(
        self, config: Settings, chief: bool = True, known: dict[str, Any] | None = None
    ) -> bool:
        """Makes the folder this run's own, creating it, or checks that it already is.

        The chief keeps other programs out until `close` or until its process ends.

        The first start writes `flags.json`. A later one compares its settings with those, all but
        the free ones, so that a run never goes on under settings that change what comes out. A
        setting that was not there yet when the run was begun had its default.

        Args:
            config: The settings.
            chief: Whether this process writes the folder. The others come after it, and only
                compare.
            known: Values to write and compare in the place of some settings, by name, such as what
                an architecture is in place of its name.

        Returns:
            Whether the run was begun before; on other workers than the chief, False.

        Raises:
            UserError: Settings differ, or the folder belongs to something else, cannot be written
                or is in use.
        """
        here = {**settings.record(config), **(known or {})}
        self._free = settings.free_names(type(config))
        self._defaults = settings.defaults(type(config))
        if not chief:
            self._require_claimed()
            self._compare(here)
            return False
        self.create()
        self._lock = RunLock(self.path)
        try:
            return self._begin_or_compare(here)
        except UserError:
            self.close()
            raise

    def _require_claimed(self) -> None:
        if not tf.io.gfile.exists(self.flags_path):
            raise UserError(
                f"Expected --train_logdir={self.path} to be a folder that all workers share, found "
                f"there no {os.path.basename(self.flags_path)} of the chief's: name another one."
            )

    def _begin_or_compare(self, here: dict[str, Any]) -> bool:
        if not tf.io.gfile.exists(self.flags_path):
            self._refuse_orphans()
            record = {"config": here, "versions": versions()}
            atomic.write_text(self.flags_path, json.dumps(record, indent=2) + "\n")
            return False
        self._compare(here)
        return True

    def _compare(self, here: dict[str, Any]) -> None:
        there = {**self._defaults, **self.settings()}
        differences = [
            f"--{name} is {_shown(there, name)} there and {_shown(here, name)} here"
            for name in dict.fromkeys([*there, *here])
            if name not in self._free and there.get(name, _ABSENT) != here.get(name, _ABSENT)
        ]
        if differences:
            raise UserError(
                f"The run in {self.path} was begun with other flags: {'; '.join(differences)}. "
                "Give the old values to go on with it, or another --train_logdir to begin anew."
            )

    def close(self) -> None:
        """Lets other programs use the folder."""
        if self._lock:
            self._lock.close()

    def settings(self) -> dict[str, Any]:
        """Reads the settings that the run was begun with, by flag name, from `flags.json`.

        Raises:
            UserError: The file is missing or damaged.
        """
        advice = "restore the file or name another --train_logdir"
        # A flag such as --save_interval_secs=inf is one.
        document = untrusted_json.load(self.flags_path, _MAX_BYTES, advice, infinite=True)
        config = document.record(("config",), ("versions",))["config"]
        return {name: _setting(field) for name, field in config.members().items()}

    def _refuse_orphans(self) -> None:
        left = [
            name
            for name, present in (
                ("history.jsonl", tf.io.gfile.exists(self.history_path)),
                ("checkpoints", bool(tf.io.gfile.listdir(self.checkpoints))),
            )
            if present
        ]
        if left:
            raise UserError(
                f"Expected {self.flags_path} to say what run {' and '.join(left)} there belong to, "
                "found no such file: restore it or name another --train_logdir."
            )


def _setting(field: Field) -> Any:
    """A setting as `settings.record` leaves it: one value, or a list of such."""
    if isinstance(field.value, list):
        return [item.scalar() for item in field.items()]
    return field.scalar()


def _shown(values: dict[str, Any], name: str) -> str:
    value = values.get(name, _ABSENT)
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed as a package"
    return found
