"""Whose run a run directory is: looked at first, and written when everything has been checked."""

import os
import sys
from typing import Any

import tensorflow as tf

from deeplab_nas import settings
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.runs import checkpoints, run_data
from deeplab_nas.engine.runs.run_directory import RunDirectory, versions
from deeplab_nas.engine.runs.run_lock import RunLock
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import Field, shown
from deeplab_nas.settings import Settings

_ABSENT = "absent"
_MAX_BYTES = 2**20
# What is measured just before a checkpoint is saved.
_MEASURED = ("epoch", "evaluation")


class RunClaim:
    """A start of a run on its directory, which keeps other programs out until `close`.

    The first start writes `flags.json`. A later one compares its settings with those, all but the
    free ones, and its data, so that a run never goes on under what changes its results. A setting
    that was not there yet when the run was begun had its default. Where nothing was reached yet,
    as after a start that failed, a start with other settings begins anew.

    Attributes:
        resumes: Whether the run was begun before and is not begun anew.
        anew: Whether a run that was begun before is begun anew, with other settings or data.
    """

    def __init__(
        self,
        run: RunDirectory,
        config: Settings,
        chief: bool = True,
        known: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
    ):
        """Looks and compares; writes nothing.

        Args:
            run: The directory, which need not exist.
            config: The settings.
            chief: Whether this process writes the folder. The others only compare.
            known: Values to write and compare in the place of some settings, by name, such as what
                an architecture is in place of its name.
            data: As `run_data.document` gives it.

        Raises:
            UserError: Settings or data differ, or the folder belongs to something else, cannot be
                written or is in use.
        """
        self._run = run
        self._chief = chief
        self._here = {**settings.record(config), **(known or {})}
        self._data = data or {}
        self._free = settings.free_names(type(config))
        self._defaults = settings.defaults(type(config))
        self._lock = None
        if chief:
            atomic.check_folder(run.path, "--train_logdir")
        found = tf.io.gfile.exists(run.flags_path)
        if not found:
            self._refuse_orphans()
        elif chief:
            self._lock = RunLock(run.path)
        try:
            differing = self._difference() if found else None
            if differing and _has_results(run):
                raise differing
        except BaseException:
            self.close()
            raise
        self.anew = bool(differing)
        self.resumes = found and not self.anew

    def begin(self) -> None:
        """Makes the folder this run's own; to be called when everything else has been checked.

        On other workers than the chief, whose turn comes first, only compares.

        Raises:
            UserError: The folder cannot be written, or another program was faster.
        """
        if not self._chief:
            self._check_chiefs()
            return
        self._run.create()
        if not self._lock:
            self._lock = RunLock(self._run.path)
            if tf.io.gfile.exists(self._run.flags_path):
                raise UserError(
                    f"Expected --train_logdir={self._run.path} to be used by one program at a "
                    "time, found a run that another one has begun there meanwhile: start again, or "
                    "name another folder."
                )
        if self.resumes:
            for notice in run_data.notices(self._recorded_data(), self._data):
                print(notice, file=sys.stderr)
            return
        if self.anew:
            print(
                "No checkpoint was saved yet: beginning anew with the flags and data of now.",
                file=sys.stderr,
            )
            _remove_beginnings(self._run)
        record = {"config": self._here, "versions": versions()}
        if self._data:
            record["data"] = self._data
        # Settings may be infinite.
        atomic.write_json(self._run.flags_path, record, indent=2, infinite=True)

    def close(self) -> None:
        """Lets other programs use the folder."""
        if self._lock:
            self._lock.close()

    def _check_chiefs(self) -> None:
        if not tf.io.gfile.exists(self._run.flags_path):
            raise UserError(
                f"Expected --train_logdir={self._run.path} to be a folder that all workers share, "
                f"found there no {os.path.basename(self._run.flags_path)} of the chief's: name "
                "another one."
            )
        differing = self._difference()
        if differing:
            raise differing

    def _difference(self) -> UserError | None:
        """The error that says in what the run there differs from this one."""
        there = {**self._defaults, **self._run.settings()}
        flags = [
            f"--{_named(name)} is {_shown(there, name)} there and {_shown(self._here, name)} here"
            for name in dict.fromkeys([*there, *self._here])
            if name not in self._free
            and not _same(there.get(name, _ABSENT), self._here.get(name, _ABSENT))
        ]
        data = run_data.differences(self._recorded_data(), self._data)
        if not flags and not data:
            return None
        kinds = " and ".join(kind for kind, found in (("flags", flags), ("data", data)) if found)
        advice = "the old values" if flags else "the old data"
        advice += ", in any --dataset_dir," if data else ""
        return UserError(
            f"The run in {self._run.path} was begun with other {kinds}: {'; '.join(flags + data)}. "
            f"Give {advice} to go on with it, or another --train_logdir to begin anew."
        )

    def _recorded_data(self) -> Field:
        recorded = self._run.recorded()
        if "data" in recorded:
            return recorded["data"]
        # A run from before data were recorded: a training has at least its classes.
        path = self._run.dataset_path
        if tf.io.gfile.exists(path):
            return untrusted_json.load(path, _MAX_BYTES, "restore the file or delete it")
        return Field({}, self._run.flags_path, "")

    def _refuse_orphans(self) -> None:
        run = self._run
        left = [
            name
            for name, present in (
                ("history.jsonl", bool(History(run.history_path).read())),
                ("checkpoints", checkpoints.exist(run.checkpoints)),
            )
            if present
        ]
        if left and self._chief:
            raise UserError(
                f"Expected {run.flags_path} to say what run {' and '.join(left)} there belong to, "
                "found no such file: restore it or name another --train_logdir."
            )


def _has_results(run: RunDirectory) -> bool:
    """Whether something was reached that cannot be begun anew without a loss."""
    if checkpoints.exist(run.checkpoints) or checkpoints.exist(run.best):
        return True
    # Of a search the picture comes with what it has found; the checkpoints may have been removed.
    if tf.io.gfile.exists(run.picture_path) or tf.io.gfile.exists(run.metrics_path):
        return True
    return any(record.get("kind") in _MEASURED for record in History(run.history_path).read())


def _remove_beginnings(run: RunDirectory) -> None:
    """Removes what a start without results has written, but for its curves."""
    History(run.history_path).clear()
    for path in (run.bad_records_path, run.dataset_path, run.architecture_path):
        atomic.remove(path)


def _same(there: Any, here: Any) -> bool:
    # True is equal to 1.
    return there == here and isinstance(there, bool) == isinstance(here, bool)


def _named(name: str) -> str:
    return name if name.isidentifier() and len(name) < 60 else shown(name)


def _shown(values: dict[str, Any], name: str) -> str:
    value = values.get(name, _ABSENT)
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    # An architecture is long, and shown whole.
    return text if text.isprintable() and len(text) < 2000 else shown(text)
