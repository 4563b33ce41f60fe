"""A table of what folders hold: one sentence with the file, and no shard under its name."""

import contextlib
import os
import zlib

import numpy as np
import pytest
from PIL import Image

from deeplab_nas.errors import UserError
from tests import refusals
from tests.faults import full_disk
from tfrecords_tools import build_folder
from tfrecords_tools.writing.build_options import BuildOptions

_NOBODY = 65534
_COUNT = 24


@pytest.fixture
def folder(tmp_path):
    """Images `p00.jpg` and so on of 40 by 60 pixels, and labels of 19 classes."""
    random = np.random.default_rng(0)
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for number in range(_COUNT):
        pixels = random.integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"images/p{number:02d}.jpg")
        ids = random.choice(np.array([0, 3, 18, 255], np.uint8), (40, 60))
        Image.fromarray(ids).save(tmp_path / f"labels/p{number:02d}.png")
    return tmp_path


def build(folder, **options):
    config = build_folder.FolderConfig(
        image_folder=str(folder / "images"),
        label_folder=str(folder / "labels"),
        output_dir=str(folder / "shards"),
        num_classes=19,
        options=BuildOptions(**options),
    )
    return build_folder.build(config)


def shards(folder):
    return sorted(path.name for path in folder.glob("shards/*.tfrecord"))


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def save_label(path, array):
    Image.fromarray(array).save(path)


def claim_size(path, side):
    """Makes the header of a PNG file claim a size."""
    raw = bytearray(path.read_bytes())
    raw[16:24] = side.to_bytes(4, "big") * 2
    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    path.write_bytes(raw)


_IMAGE, _LABEL = "images/p13.jpg", "labels/p13.png"
_BROKEN = {
    "truncated JPEG": (_IMAGE, truncate, "intact image file in .*/images/p13.jpg"),
    "truncated label": (_LABEL, truncate, "intact image file in .*p13.png"),
    "empty image": (
        _IMAGE,
        lambda path: path.write_bytes(b""),
        "intact image file in .*/images/p13.jpg",
    ),
    "empty label": (_LABEL, lambda path: path.write_bytes(b""), "intact image file in .*p13.png"),
    "text named .png": (_LABEL, lambda path: path.write_text("ids"), "image file in .*p13.png"),
    "bomb": (_LABEL, lambda path: claim_size(path, 9000), "at most .* pixels in .*p13.png"),
    "no file": (
        _LABEL,
        lambda path: path.unlink(),
        "a label for .*p13.jpg, found no file named p13",
    ),
    "no image": (
        _IMAGE,
        lambda path: path.unlink(),
        "an image for .*p13.png, found no file named p1",
    ),
    "other size": (
        _LABEL,
        lambda path: save_label(path, np.zeros((60, 40), np.uint8)),
        r"label of .*/images/p13.jpg to have one size, found 40x60 and 60x40",
    ),
    "colours": (
        _LABEL,
        lambda path: save_label(path, np.full((40, 60, 3), (128, 64, 0), np.uint8)),
        r"label ids in .*p13.png, found colours \(mode RGB\), \(128, 64, 0\) in 2400 pixels",
    ),
    "16 bits": (
        _LABEL,
        lambda path: save_label(path, np.full((40, 60), 300, np.uint16)),
        "label ids of 0 to 255 in .*p13.png, found 300",
    ),
    "JPEG label": (
        _LABEL,
        lambda path: Image.fromarray(np.zeros((40, 60), np.uint8)).save(path, "jpeg"),
        "lossless label file in .*p13.png, found JPEG",
    ),
    "label 200": (
        _LABEL,
        lambda path: save_label(path, np.full((40, 60), 200, np.uint8)),
        "ids below 19 or the ignore label 255 in the label of .*/images/p13.jpg, found 200",
    ),
}


@pytest.mark.parametrize("case", _BROKEN)
def test_a_broken_file_is_named_and_what_is_whole_is_kept(folder, case):
    name, damage, sentence = _BROKEN[case]
    path = folder / name
    intact = path.read_bytes()
    damage(path)
    with pytest.raises(UserError, match=sentence):
        build(folder)
    assert shards(folder) == []
    path.write_bytes(intact)
    assert build(folder)[0].num_examples == _COUNT
    assert len(shards(folder)) == 4


@pytest.mark.parametrize("case", _BROKEN)
def test_a_broken_file_can_be_left_out(folder, case):
    name, damage, _ = _BROKEN[case]
    damage(folder / name)
    (manifest,) = build(folder, skip_bad=True, max_bad_share=0.05)
    assert manifest.num_examples == _COUNT - 1
    (sentence,) = manifest.skipped
    assert "p13" in sentence


def test_two_files_of_one_name(folder):
    Image.new("RGB", (60, 40)).save(folder / "images/p13.png")
    with pytest.raises(UserError, match="one file a base name.*found p13.jpg and p13.png"):
        build(folder)


@contextlib.contextmanager
def without_rights():
    """Lets root, who may read everything, do without that."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_may_not_be_read(folder):
    (folder / "labels").chmod(0)
    with without_rights(), pytest.raises(UserError, match="readable folder at .*Permission denied"):
        build(folder)
    (folder / "labels").chmod(0o755)


def test_a_file_that_cannot_be_read(folder):
    (folder / _LABEL).unlink()
    (folder / _LABEL).symlink_to("nowhere.png")
    with pytest.raises(UserError, match="readable file at .*p13.png, found none"):
        build(folder)


def test_a_full_disk_is_told_and_nothing_half_written_is_left(folder):
    with full_disk.no_file_longer_than(4000), refusals.refused("to write to ", "make room there"):
        build(folder)
    assert list(folder.glob("shards/*")) == []
    build(folder)
    assert len(shards(folder)) == 4


def test_an_output_folder_that_cannot_be_made(folder):
    (folder / "shards").write_text("a file")
    with pytest.raises(UserError, match="Expected to write to .*shards"):
        build(folder)
