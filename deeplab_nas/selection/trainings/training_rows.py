"""A folder of trainings: an architecture, a seed and a number of steps each, with what came of it.

`NAME/row.json` is written when a training has ended. What has a row is not trained again, what was
stopped is resumed, and what another process trains is left to it, so that any number of programs
may fill one folder.
"""

import contextlib
import dataclasses
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import filelock

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.scoring import image_matrices
from deeplab_nas.engine.scoring.image_matrices import ImageMatrices
from deeplab_nas.files import atomic, untrusted_json
from deeplab_nas.selection.trainings import rungs, short_training

_ROW, _LOCK, _ARCHITECTURE, _RUN = "row.json", ".table_lock", "architecture.json", "run"
_MAX_BYTES = 2**20
_ADVICE = "delete it, and the same command trains it again"


@dataclasses.dataclass(frozen=True)
class Row:
    """A training that is to be done.

    Attributes:
        candidate: Name of the architecture.
        architecture: What is trained.
        seed: Seed of the training.
        steps: Its optimizer steps, all of the recipe's or fewer along a whole schedule.
        by_image: Whether its folder gets the confusion matrix of each validation image.
    """

    candidate: str
    architecture: Architecture
    seed: int
    steps: int
    by_image: bool = False


class TrainingRows:
    """The folder, and the training that all its rows share."""

    def __init__(self, config: TrainConfig, folder: str, keep_runs: bool):
        """Looks at nothing yet.

        Args:
            config: A `TrainConfig`, the folder of its data filled in; its architecture, seed, steps
                and run directory are replaced.
            folder: Where the rows lie.
            keep_runs: Whether the run directories stay when their row is written.
        """
        # A subclass has settings beside those of a training, which are none of a run directory's.
        self._config = TrainConfig(
            **{field.name: getattr(config, field.name) for field in dataclasses.fields(TrainConfig)}
        )
        self._folder = pathlib.Path(folder)
        self._keep_runs = keep_runs
        self._whole_steps = config.optimization.training_number_of_steps

    def name(self, row: Row) -> str:
        """Of the row's folder."""
        shorter = "" if row.steps == self._whole_steps else f"-steps{row.steps}"
        return f"{row.candidate}-seed{row.seed}{shorter}"

    def train(self, row: Row) -> dict[str, Any] | None:
        """Trains a row that is not there yet.

        Args:
            row: What is trained.

        Returns:
            The document of `row.json`; None where another process trains it.

        Raises:
            UserError: The training was refused.
            StoppedError: The training was stopped, and saved.
        """
        folder = self._folder / self.name(row)
        with atomic.as_user_errors(str(folder), atomic.ADVICE):
            folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder) as alone:
            if not alone:
                return None
            if not (folder / _ROW).exists():
                row.architecture.save(folder / _ARCHITECTURE)
                result = short_training.run(self.config_of(row), folder, row.by_image)
                found = result.evaluation
                self.put(row, found["miou"], found["class_iou"], round(result.seconds, 1))
            if not self._keep_runs:
                shutil.rmtree(folder / _RUN, ignore_errors=True)
        return self.document(row)

    def document(self, row: Row) -> dict[str, Any] | None:
        """The document of `row.json`; None where it is not there.

        Raises:
            UserError: The file is damaged.
        """
        path = self._folder / self.name(row) / _ROW
        if not path.exists():
            return None
        return untrusted_json.load(str(path), _MAX_BYTES, _ADVICE).value

    def put(self, row: Row, miou: float, class_iou: Mapping[str, float], seconds: float) -> None:
        """Writes what a row has come to, here or elsewhere.

        Args:
            row: The row.
            miou: Mean IoU at its end, in 0..1.
            class_iou: IoU by the name of the class, in 0..1.
            seconds: Time that it took.

        Raises:
            UserError: It cannot be written.
        """
        folder = self._folder / self.name(row)
        with atomic.as_user_errors(str(folder), atomic.ADVICE):
            folder.mkdir(parents=True, exist_ok=True)
        row.architecture.save(folder / _ARCHITECTURE)
        document = {
            "name": self.name(row),
            "candidate": row.candidate,
            "seed": row.seed,
            "steps": row.steps,
            "miou": miou,
            "class_iou": dict(class_iou),
            "seconds": seconds,
            "path": row.architecture.path,
            "cell": row.architecture.cell,
        }
        atomic.write_json(folder / _ROW, document)

    def image_matrices(self, row: Row) -> ImageMatrices:
        """What a row that was trained `by_image` made of each image.

        Raises:
            UserError: They are not there.
        """
        return image_matrices.load(self._folder / self.name(row) / image_matrices.FILE)

    def config_of(self, row: Row) -> TrainConfig:
        """The training of a row."""
        folder = self._folder / self.name(row)
        config = dataclasses.replace(
            self._config,
            network=dataclasses.replace(
                self._config.network, architecture=str(folder / _ARCHITECTURE)
            ),
            seed=row.seed,
            train_logdir=str(folder / _RUN),
        )
        return config if row.steps == self._whole_steps else rungs.shortened(config, row.steps)


@contextlib.contextmanager
def _only_one(folder: str | os.PathLike[str]) -> Iterator[bool]:
    """Yields whether this process is the one that works in a folder."""
    lock = filelock.FileLock(pathlib.Path(folder, _LOCK))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
