"""Whatever is read says of a Git LFS pointer that it is one."""

import pytest

from deeplab_nas.core import nas_genotypes
from deeplab_nas.data import image_files, manifests, shard_index
from deeplab_nas.engine.networks import weights
from tests import refusals
from tfrecords_tools.sources import name_list

_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("a.png", lambda path: image_files.open_image(path.read_bytes(), str(path))),
        ("train-00000-of-00001.tfrecord", lambda path: shard_index.load(str(path.parent), "train")),
        ("manifest-train.json", lambda path: manifests.read(str(path.parent), "train")),
        ("architecture.json", nas_genotypes.load),
        ("train.txt", name_list.read),
        ("ckpt-1.index", lambda path: weights.is_ours(str(path.with_suffix("")))),
    ],
)
def test_a_pointer_is_called_one(tmp_path, name, read):
    (tmp_path / name).write_bytes(_POINTER)
    with refusals.refused(f"{tmp_path / name} is a Git LFS pointer", "run git lfs pull."):
        read(tmp_path / name)
