"""TensorBoard: scalars, pictures and texts of a run."""

import numpy as np
import PIL.Image
import tensorflow as tf

from deeplab_nas.files import atomic


class Summaries:
    """Writes event files; the step is always the optimizer step of the weights."""

    def __init__(self, directory: str):
        """Opens an event file in `directory`, the `events` folder of a run."""
        self._directory = directory
        with self._telling():
            self._writer = tf.summary.create_file_writer(directory)

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Writes one point of each curve.

        Args:
            step: Optimizer step.
            values: Number by tag, such as `losses/weights` or `eval/miou`.
        """
        with self._writer.as_default(step=step):
            for tag, value in values.items():
                tf.summary.scalar(tag, value)

    def image(self, tag: str, image: PIL.Image.Image, step: int) -> None:
        """Writes a picture of any mode, in colour."""
        with self._writer.as_default(step=step):
            tf.summary.image(tag, np.asarray(image.convert("RGB"))[None])

    def text(self, tag: str, text: str, step: int) -> None:
        """Writes a text, which TensorBoard shows as Markdown."""
        with self._writer.as_default(step=step):
            tf.summary.text(tag, text)

    def flush(self) -> None:
        """Brings everything written so far to the disk.

        Raises:
            UserError: It cannot be written, as on a full disk.
        """
        with self._telling():
            self._writer.flush()

    def close(self) -> None:
        """Flushes and closes the event file.

        Raises:
            UserError: It cannot be written, as on a full disk.
        """
        with self._telling():
            self._writer.close()

    def _telling(self):
        return atomic.as_user_errors(self._directory, atomic.RESUME_ADVICE)
