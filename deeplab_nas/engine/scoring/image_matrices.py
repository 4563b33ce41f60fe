"""Confusion matrices of single images as a file: what intervals over images are made of."""

import dataclasses
import io
import os
import zipfile
import zlib

import numpy as np
import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic

FILE = "image_matrices.npz"

_NAMES, _MATRICES = "names", "matrices"
# What reading a file raises that is missing or no such archive.
_UNREADABLE = (
    *(tf.errors.OpError, OSError, ValueError, KeyError, EOFError),
    *(zipfile.BadZipFile, zlib.error),
)


@dataclasses.dataclass(frozen=True)
class ImageMatrices:
    """What a network made of each image of a split.

    Attributes:
        names: Of the images, ascending.
        matrices: Pixel counts, int64 `[images, classes, classes]`, rows are labels and columns
            predictions.
    """

    names: tuple[str, ...]
    matrices: np.ndarray

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a compressed NumPy archive under `path`, whole or not at all.

        Raises:
            UserError: It cannot be written.
        """
        buffer = io.BytesIO()
        arrays = {_NAMES: np.array(self.names, np.str_), _MATRICES: self.matrices}
        np.savez_compressed(buffer, **arrays)
        atomic.write_bytes(path, buffer.getvalue())


class ImageMatricesWriter:
    """Collects the matrices of a split, in whatever order they come."""

    def __init__(self):
        self._found: dict[str, np.ndarray] = {}

    def add(self, matrices: np.ndarray, names: np.ndarray) -> None:
        """Takes a batch.

        Args:
            matrices: int64 `[batch, classes, classes]`.
            names: Names of the images, bytes `[batch]`; one without a name only fills the batch.

        Raises:
            UserError: Two images have one name.
        """
        for matrix, name in zip(matrices, names, strict=True):
            if name and self._found.setdefault(name.decode(), matrix) is not matrix:
                raise UserError(
                    f"Expected a name of its own for each image, found '{name.decode()}' twice: "
                    "build the shards with names, or leave out --save_image_matrices."
                )

    def whole(self) -> ImageMatrices:
        """What was collected.

        Raises:
            UserError: No image has a name.
        """
        if not self._found:
            raise UserError(
                "Expected images with names for --save_image_matrices, found none: build the "
                "shards with names, or leave it out."
            )
        names = tuple(sorted(self._found))
        return ImageMatrices(names, np.stack([self._found[name] for name in names]))


def load(path: str | os.PathLike[str]) -> ImageMatrices:
    """Reads what `ImageMatrices.save` wrote.

    Args:
        path: The file, on any file system that TensorFlow knows.

    Raises:
        UserError: There is no such file, or it is no such archive.
    """
    try:
        with tf.io.gfile.GFile(os.fspath(path), "rb") as file:
            archive = np.load(io.BytesIO(file.read()), allow_pickle=False)
        names, matrices = archive[_NAMES], archive[_MATRICES]
    except _UNREADABLE as error:
        raise _refusal(path) from error
    is_one = (
        names.ndim == 1
        and names.dtype.kind == "U"
        and matrices.dtype.kind in "iu"
        and matrices.ndim == 3
        and len(names) == len(matrices) > 0
        and matrices.shape[1] == matrices.shape[2]
        and matrices.min() >= 0
    )
    if not is_one:
        raise _refusal(path)
    return ImageMatrices(tuple(names.tolist()), matrices.astype(np.int64))


def _refusal(path):
    return UserError(
        f"Expected confusion matrices of images in {path}, found none: make them with python -m "
        "deeplab_nas.evaluate --save_image_matrices."
    )
