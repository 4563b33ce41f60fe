"""TensorBoard: scalars and pictures of a run.

On an object store such as gs:// each flush of an event file would write the whole of it again:
there every flush ends a file and begins another. TensorBoard reads them in their order.
"""

import numpy as np
import PIL.Image
import tensorflow as tf

from deeplab_nas.files import atomic

_NO_FLUSH_BY_ITSELF = {"max_queue": 2**30, "flush_millis": 2**31 - 1}


class Summaries:
    """Writes event files; the step is always the optimizer step of the weights."""

    def __init__(self, directory: str):
        """Opens an event file in `directory`, the `events` folder of a run."""
        self._directory = directory
        self._in_parts = "://" in directory
        self._writer = self._new_writer()

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

    def flush(self) -> None:
        """Brings everything to the disk; raises `UserError` where it cannot, as on a full one."""
        with self._writing():
            if self._in_parts:
                self._writer.close()
                self._writer = self._new_writer()
            else:
                self._writer.flush()

    def close(self) -> None:
        """Flushes, as `flush` does, and closes the event file."""
        with self._writing():
            self._writer.close()

    def _new_writer(self):
        options = _NO_FLUSH_BY_ITSELF if self._in_parts else {}
        with self._writing():
            return tf.summary.create_file_writer(self._directory, **options)

    def _writing(self):
        return atomic.as_user_errors(self._directory, atomic.RESUME_ADVICE)
