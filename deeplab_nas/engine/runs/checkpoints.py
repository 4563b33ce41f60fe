"""Saves everything a run needs to go on exactly, and restores the newest whole checkpoint."""

import os
import re
import sys

import tensorflow as tf

from deeplab_nas.engine.networks import weights
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic

# What TensorFlow raises on a damaged or foreign checkpoint depends on where the damage lies.
_DAMAGED = (tf.errors.OpError, IndexError, RuntimeError)
_FOREIGN = (ValueError, AssertionError)


class Checkpoints:
    """The checkpoints of one run, named `ckpt-STEP`."""

    def __init__(
        self,
        directory: str,
        checkpoint: tf.train.Checkpoint,
        keep: int,
        saved_to: str = "",
        older: tf.train.Checkpoint | None = None,
    ):
        """Names the folders; nothing is written before the first save.

        Args:
            directory: Folder of the checkpoints that are restored.
            checkpoint: Everything that is saved. Optimizers must be built before a restore, or
                their momentum is lost.
            keep: How many of the newest checkpoints stay.
            saved_to: Another folder to save to, for the workers besides the chief: all of them have
                to call `save`, one writes the run directory.
            older: What checkpoints of earlier versions hold of it, if that was less. What they lack
                then stays as it is.
        """
        self._directory = directory
        self._saved_to = saved_to or directory
        self._checkpoint = checkpoint
        self._older = older
        self._keep = keep
        self._manager = None

    def take_over(self) -> None:
        """Makes what lies in the folder that is saved to this run's own, and tidies it.

        Raises:
            UserError: It cannot be written.
        """
        with atomic.as_user_errors(self._saved_to, atomic.RESUME_ADVICE):
            _remove_unfinished(self._saved_to)
            _rewrite_state_file(self._saved_to)
            self._manager = tf.train.CheckpointManager(
                self._checkpoint, self._saved_to, max_to_keep=self._keep
            )

    def save(self, step: int) -> str:
        """Saves after `step` steps and drops what `keep` does not cover; returns the path.

        Raises:
            UserError: It cannot be written, as on a full disk; older checkpoints stay as they are.
        """
        if self._manager is None:
            self.take_over()
        with atomic.as_user_errors(self._saved_to, atomic.RESUME_ADVICE):
            try:
                return self._manager.save(checkpoint_number=step)
            except (tf.errors.OpError, OSError):
                _remove_unfinished(self._saved_to)
                raise

    def newest_step(self) -> int | None:
        """The step of the newest checkpoint; None where there is none."""
        return max(_steps(self._directory, r"\.index"), default=None)

    def restore_newest(self) -> int | None:
        """Restores the newest checkpoint that is whole, and says on stderr which it skipped.

        Returns:
            The step it was saved at; None when there is no checkpoint at all.

        Raises:
            UserError: There are checkpoints, but none can be restored.
        """
        damaged, foreign = [], []
        for step in reversed(_steps(self._directory)):
            path = _path(self._directory, step)
            name = os.path.basename(path)
            try:
                weights.check_size(path)
                self._restore(path)
                wrong = weights.not_finite(path)
            except _FOREIGN as error:
                foreign.append(f"{name} ({_first_line(error)})")
                continue
            except _DAMAGED as error:
                damaged.append(f"{name} ({_first_line(error)})")
                continue
            if wrong:
                damaged.append(f"{name} (numbers that are not finite in {wrong})")
                continue
            if damaged or foreign:
                print(
                    f"Skipped damaged checkpoints: {', '.join(damaged + foreign)}.", file=sys.stderr
                )
            return step
        if damaged:
            raise UserError(
                f"Expected a whole checkpoint in {self._directory}, found none that can be "
                f"restored: {', '.join(damaged + foreign)}; put a copy of one there, or name "
                "another --train_logdir."
            )
        if foreign:
            raise UserError(
                f"Expected checkpoints of the network that these flags and this data describe in "
                f"{self._directory}, found others: {', '.join(foreign)}; give the flags and the "
                "data that the run was begun with, or another --train_logdir."
            )
        return None

    def _restore(self, path: str) -> None:
        try:
            self._checkpoint.restore(path).assert_consumed()
        except _FOREIGN:
            if self._older is None:
                raise
            self._older.restore(path).assert_consumed()


def exist(directory: str) -> bool:
    """Whether there is a checkpoint in a folder, whole or damaged."""
    return bool(_steps(directory))


def _remove_unfinished(directory: str) -> None:
    """Removes the folders in which TensorFlow wrote checkpoints that it did not finish."""
    for name in tf.io.gfile.listdir(directory) if tf.io.gfile.isdir(directory) else []:
        if re.fullmatch(r"ckpt-\d+_temp/?", name):
            tf.io.gfile.rmtree(os.path.join(directory, name))


def _rewrite_state_file(directory: str) -> None:
    """Makes TensorFlow's `checkpoint` file name exactly the checkpoints that are there.

    A missing or damaged one would make the manager fail, or never delete the old checkpoints.
    """
    names = [f"ckpt-{step}" for step in _steps(directory, r"\.index")]
    if names:
        # The manager takes over what is newer than the last preserved one: all of them.
        lines = [
            f'model_checkpoint_path: "{names[-1]}"',
            *(f'all_model_checkpoint_paths: "{name}"' for name in names),
            *(f"all_model_checkpoint_timestamps: {i}.0" for i in range(1, len(names) + 1)),
            "last_preserved_timestamp: 0.0",
        ]
        state_file = os.path.join(directory, "checkpoint")
        atomic.write_text(state_file, "\n".join(lines) + "\n")


def _steps(directory: str, suffix: str = r"\.(index|data-.*)") -> list[int]:
    """The steps of the checkpoints in `directory`, oldest first, read from the files themselves."""
    names = tf.io.gfile.listdir(directory) if tf.io.gfile.isdir(directory) else []
    matches = (re.fullmatch(rf"ckpt-(\d+){suffix}", name) for name in names)
    return sorted({int(match.group(1)) for match in matches if match})


def _path(directory: str, step: int) -> str:
    return os.path.join(directory, f"ckpt-{step}")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
