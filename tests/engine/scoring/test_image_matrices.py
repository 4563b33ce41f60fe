"""Confusion matrices of images, from batches to a file and back."""

import numpy as np
import pytest

from deeplab_nas.engine.scoring import image_matrices
from deeplab_nas.engine.scoring.image_matrices import ImageMatrices, ImageMatricesWriter
from tests import refusals

_MATRICES = np.arange(3 * 2 * 2).reshape(3, 2, 2)


def test_batches_become_a_file_in_the_order_of_the_names(tmp_path):
    writer = ImageMatricesWriter()
    writer.add(_MATRICES[:2], np.array([b"folder/b", "a \N{SNOWMAN}".encode()]))
    # What has no name only fills the batch.
    writer.add(_MATRICES[1:], np.array([b"", b"c"]))
    writer.whole().save(tmp_path / "found.npz")
    found = image_matrices.load(tmp_path / "found.npz")
    assert found.names == ("a \N{SNOWMAN}", "c", "folder/b")
    np.testing.assert_array_equal(found.matrices, _MATRICES[[1, 2, 0]])
    assert found.matrices.dtype == np.int64


def test_a_name_twice_is_refused():
    writer = ImageMatricesWriter()
    writer.add(_MATRICES[:1], np.array([b"a"]))
    with refusals.refused("a name of its own", "'a' twice", "--save_image_matrices"):
        writer.add(_MATRICES[:1], np.array([b"a"]))


def test_images_without_names_are_refused():
    writer = ImageMatricesWriter()
    writer.add(_MATRICES, np.array([b"", b"", b""]))
    with refusals.refused("images with names", "found none", "build the shards"):
        writer.whole()


def _broken(path, kind):
    if kind == "text":
        path.write_text("no archive")
    elif kind == "cut off":
        ImageMatrices(("a", "b", "c"), _MATRICES).save(path)
        path.write_bytes(path.read_bytes()[:-40])
    elif kind == "other arrays":
        np.savez(path, names=np.array(["a"]))
    elif kind == "objects":
        np.savez(path, names=np.array([None, None]), matrices=_MATRICES)
    elif kind == "other number":
        ImageMatrices(("a", "b"), _MATRICES).save(path)
    elif kind == "negative":
        ImageMatrices(("a", "b", "c"), _MATRICES - 1).save(path)
    elif kind == "fractions":
        ImageMatrices(("a", "b", "c"), _MATRICES / 2).save(path)


@pytest.mark.parametrize(
    "kind",
    [
        *("absent", "text", "cut off", "other arrays", "objects", "other number", "negative"),
        "fractions",
    ],
)
def test_what_is_none_is_refused(tmp_path, kind):
    path = tmp_path / "found.npz"
    _broken(path, kind)
    with refusals.refused("confusion matrices of images", "found.npz", "--save_image_matrices"):
        image_matrices.load(path)
