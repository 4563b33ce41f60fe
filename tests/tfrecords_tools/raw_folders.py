"""Each data set as its owners publish it, tiny, and the build of its shards."""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from tfrecords_tools import (
    build_ade20k,
    build_camvid,
    build_cityscapes,
    build_folder,
    build_voc2012,
)
from tfrecords_tools.writing.build_options import BuildOptions

_HEIGHT, _WIDTH = 6, 8
_DEFAULT = BuildOptions()


class RawFolder(NamedTuple):
    """A data set on disk.

    Attributes:
        build: Builds all of its splits in a folder, with some options.
        splits: Names of the splits, in the order they are built.
        last: An image of the last split that is built.
    """

    build: Callable
    splits: tuple[str, ...]
    last: pathlib.Path


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def _save_pair(image, label, number, first_id=0):
    random = np.random.RandomState(number)
    save(image, random.randint(0, 256, [_HEIGHT, _WIDTH, 3]).astype(np.uint8))
    save(label, random.randint(first_id, first_id + 2, [_HEIGHT, _WIDTH]).astype(np.uint8))


def folder(root):
    """Eight pairs, of which three go to `val`."""
    for number in range(8):
        _save_pair(root / f"images/p{number}.png", root / f"labels/p{number}.png", number)

    def build(output_dir, options=_DEFAULT, **changes):
        settings = {"val_fraction": 0.4, "num_shards": 2, "num_classes": 2, **changes}
        config = build_folder.FolderConfig(
            image_folder=str(root / "images"),
            label_folder=str(root / "labels"),
            output_dir=str(output_dir),
            options=options,
            **settings,
        )
        return build_folder.build(config)

    # By the smallest hashes of the names.
    return RawFolder(build, ("train", "val"), root / "images/p7.png")


def camvid(root):
    """Three frames a split."""
    for number in range(9):
        split = ("train", "val", "test")[number // 3]
        _save_pair(root / f"{split}/{number}.png", root / f"{split}annot/{number}.png", number)
    return _raw(build_camvid.camvid, root, ("train", "val", "test"), "test/8.png")


def cityscapes(root):
    """Three images to train and two to validate on."""
    for number in range(5):
        split, name = ("train", "val")[number // 3], f"ulm_00000{number}_000019"
        image = root / f"leftImg8bit/{split}/ulm/{name}_leftImg8bit.png"
        label = root / f"gtFine/{split}/ulm/{name}_gtFine_labelIds.png"
        # Road and sidewalk.
        _save_pair(image, label, number, first_id=7)
    splits = ("train_fine", "val_fine")
    return _raw(build_cityscapes.cityscapes, root, splits, image.relative_to(root))


def voc2012(root):
    """Two images to train and two to validate on, and one more in the list of both."""
    lists = root / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    names = {"train": "01", "val": "23", "trainval": "01234"}
    for split, found in names.items():
        (lists / f"{split}.txt").write_text("".join(f"2007_{name}\n" for name in found))
    for number in range(5):
        name = f"2007_{number}"
        _save_pair(root / f"JPEGImages/{name}.jpg", root / f"SegmentationClass/{name}.png", number)
    return _raw(lambda: build_voc2012.VOC2012, root, tuple(names), "JPEGImages/2007_4.jpg")


def ade20k(root):
    """Two images to train and two to validate on."""
    for number in range(4):
        path = f"{('training', 'validation')[number // 2]}/{number}"
        _save_pair(root / f"images/{path}.jpg", root / f"annotations/{path}.png", number)
    return _raw(build_ade20k.ade20k, root, ("train", "val"), "images/validation/3.jpg")


def _raw(describe, root, splits, last):
    def build(output_dir, options=_DEFAULT, **described):
        return describe(**described).build(str(root), str(output_dir), options=options)

    return RawFolder(build, splits, root / last)


ALL = {made.__name__: made for made in (folder, camvid, cityscapes, voc2012, ade20k)}
