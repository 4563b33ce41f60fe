"""Label maps as files that the evaluation servers of the data sets take."""

import os
import posixpath

import numpy as np
import PIL.Image
import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic


class PredictionFiles:
    """Writes each prediction as an 8-bit grayscale PNG of ids, named like its image.

    Names without extension keep their folders, unless the files are for an evaluation server, which
    knows images by their base names. Names with one, as the official converters write them, are
    paths on the machine of the conversion, of which the base name is kept.
    """

    def __init__(self, folder, descriptor):
        """Args: folder, which is made; descriptor of the data set."""
        with atomic.as_user_errors(folder, atomic.ADVICE):
            tf.io.gfile.makedirs(folder)
        self._folder = folder
        ids = descriptor.submission_ids or range(descriptor.num_classes)
        self._ids = np.array(ids, np.uint8)
        self._keeps_folders = not descriptor.submission_ids
        self._written = set()

    def write(self, predictions, names):
        """Writes the predictions of a batch.

        Args:
            predictions: Class ids `[batch, height, width]`.
            names: Names of the images, bytes `[batch]`; one without a name only fills the batch.

        Raises:
            UserError: Two images have one name.
        """
        for prediction, name in zip(predictions, names, strict=True):
            if not name:
                continue
            stem = _stem(name.decode())
            if not self._keeps_folders:
                stem = posixpath.basename(stem)
            if stem in self._written:
                raise UserError(
                    f"Expected a name of its own for each image, found '{stem}' twice: build the "
                    "shards with names, or leave out --save_predictions."
                )
            self._written.add(stem)
            path = os.path.join(self._folder, f"{stem}.png")
            if "/" in stem:
                with atomic.as_user_errors(path, atomic.ADVICE):
                    tf.io.gfile.makedirs(os.path.dirname(path))
            atomic.write_png(path, PIL.Image.fromarray(self._ids[prediction]))


def _stem(name):
    """The path of a prediction without extension, below the folder of all of them."""
    parts = name.split("/")
    stem, extension = posixpath.splitext(parts[-1])
    if extension.lower() in (".png", ".jpg", ".jpeg"):
        return stem
    # Whoever wrote the record may have meant a place elsewhere.
    leads_out = {"", ".", ".."} & set(parts)
    return parts[-1] if leads_out else name
