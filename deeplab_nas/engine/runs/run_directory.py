"""The folder of a run: where each file lies, and what the run was begun with."""

import importlib.metadata
import os
import platform
from typing import Any

from deeplab_nas import settings
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.files.json_field import Field
from deeplab_nas.settings import Settings

_PACKAGES = ("deeplab_nas", "tensorflow", "keras", "numpy", "pillow", "tensorflow-datasets")
# Class names and class weights of 256 classes are among the data.
_MAX_BYTES = 2**20
_ADVICE = "restore the file or name another run directory"


class RunDirectory:
    """One run's folder, on a local disk or on gs://.

    Attributes:
        path: The folder.
        flags_path: `flags.json`, every setting, the data and the versions of the packages.
        history_path: `history.jsonl`, one line an interval.
        architecture_path: `architecture.json`, the architecture decoded last.
        picture_path: `architecture.png`, its picture.
        hessian_picture_path: `hessian.png`, the course of the Hessian in alpha and beta.
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
        self.hessian_picture_path = os.path.join(path, "hessian.png")
        self.checkpoints = os.path.join(path, "checkpoints")
        self.events = os.path.join(path, "events")
        self.architectures = os.path.join(path, "architectures")
        self.best = os.path.join(path, "best")
        self.dataset_path = os.path.join(path, "dataset.json")
        self.metrics_path = os.path.join(path, "metrics.json")
        self.bad_records_path = os.path.join(path, "bad_records.json")

    def create(self) -> None:
        """Creates the folder and its sub-folders where they are missing.

        Raises:
            UserError: The path is a file, or nothing can be written there.
        """
        atomic.make_folder(self.path, "--train_logdir", self.checkpoints, self.events)

    def architecture_epoch_path(self, epoch: int) -> str:
        """`architectures/epoch_NNN.json`, the architecture decoded after `epoch` epochs."""
        return os.path.join(self.architectures, f"epoch_{epoch:03d}.json")

    def recorded(self) -> dict[str, Field]:
        """Reads `flags.json`: `config`, and where they are there `versions` and `data`.

        Raises:
            UserError: The file is missing or damaged.
        """
        # A flag such as --save_interval_secs=inf is infinite.
        document = untrusted_json.load(self.flags_path, _MAX_BYTES, _ADVICE, infinite=True)
        return document.record(("config",), ("versions", "data"))

    def settings(self) -> dict[str, Any]:
        """Reads the settings that the run was begun with, by flag name, from `flags.json`.

        Raises:
            UserError: The file is missing or damaged.
        """
        config = self.recorded()["config"]
        return {name: _setting(field) for name, field in config.members().items()}

    def checked_settings(self, config_class: type[Settings], **instead: Any) -> Settings:
        """Makes the configuration that the run was begun with.

        A setting that was not there yet when the run was begun has its default, and so have those
        that say how the run computed; where its data lies is kept.

        Args:
            config_class: What the run was begun with.
            **instead: Values by name that take the place of recorded ones.

        Returns:
            A `config_class`, each of whose values is of its type and in its range.

        Raises:
            UserError: The file is missing or damaged, or a value is impossible.
        """
        others = settings.free_names(config_class) - {"dataset_dir"}
        kept = {name: value for name, value in self.settings().items() if name not in others}
        recorded = {**kept, "train_logdir": self.path, **instead}
        try:
            return settings.from_record(config_class, recorded)
        except UserError as error:
            sentence = str(error).removesuffix(".")
            raise UserError(f"In {self.flags_path}: {sentence}; {_ADVICE}.") from error


def _setting(field: Field) -> Any:
    """A setting as `settings.record` leaves it: one value, or a list of such."""
    if isinstance(field.value, list):
        return [item.scalar() for item in field.items()]
    return field.scalar()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed as a package"
    return found
