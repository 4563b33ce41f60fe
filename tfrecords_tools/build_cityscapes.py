"""Builds shards of Cityscapes from its folders `leftImg8bit`, `gtFine` and `gtCoarse`."""

import dataclasses
import functools
import pathlib

from flags import program

import numpy as np

from deeplab_nas.data import datasets, image_files
from deeplab_nas.errors import UserError
from deeplab_nas.files import image_folders
from deeplab_nas.settings import required, setting
from tfrecords_tools.sources import half_resolution, pairs, source_files
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.sources.labels import raw_ids
from tfrecords_tools.writing import raw_dataset
from tfrecords_tools.writing.build_options import BadExamples, BuildConfig

# Folders under `leftImg8bit`, and the one of the labels, by split.
_SOURCES = {
    "train_fine": (("train",), "gtFine"),
    "val_fine": (("val",), "gtFine"),
    "trainval_fine": (("train", "val"), "gtFine"),
    "train_coarse": (("train", "train_extra"), "gtCoarse"),
    "trainval_coarse": (("train", "train_extra", "val"), "gtCoarse"),
    "test_fine": (("test",), None),
}
_DEFAULT_SPLITS = ("train_fine", "val_fine")
_IMAGE_SUFFIX = "_leftImg8bit.png"
_DESCRIPTOR = datasets.describe("cityscapes", "")
_RAW_IDS, _TRAIN_IDS = raw_ids.cityscapes(), raw_ids.cityscapes_train()


def cityscapes(halved: bool = False) -> raw_dataset.RawDataset:
    """Describes Cityscapes to the builder.

    A label is read from `*_labelTrainIds.png` where that is there, else from `*_labelIds.png`,
    whose ids are mapped. `test_fine` has labels to ignore everywhere.

    Args:
        halved: Whether to halve both sides, as the paper's search does.
    """
    return raw_dataset.RawDataset(
        descriptor=_DESCRIPTOR,
        root_flag="cityscapes_root",
        splits=tuple(_SOURCES),
        num_shards=10,
        find=_find,
        default_splits=lambda root: _DEFAULT_SPLITS,
        load=functools.partial(_load, halved),
        settings=(f"--half_resolution={halved}",),
        unlabelled=("test_fine",),
    )


def _find(root: pathlib.Path, split: str, bad: BadExamples) -> list[pairs.Pair]:
    folders, kind = _SOURCES[split]
    found = []
    for folder in folders:
        images_here = root / "leftImg8bit" / folder
        paths = [
            path
            for path in sorted(images_here.glob(f"*/*{_IMAGE_SUFFIX}"))
            if image_folders.is_data(path.name) and image_folders.is_data(path.parent.name)
        ]
        if not paths:
            raise UserError(
                f"Expected images of {split} at {images_here}/*/*{_IMAGE_SUFFIX}, found none: "
                "unpack leftImg8bit there or correct --cityscapes_root."
            )
        for path in paths:
            name = path.name.removesuffix(_IMAGE_SUFFIX)
            label = kind and _label(root / kind / folder / path.parent.name, kind, name, bad)
            if label or not kind:
                found.append(pairs.Pair(name, path, label))
    return found


def _label(folder, kind, name, bad) -> pathlib.Path | None:
    paths = [folder / f"{name}_{kind}_label{which}.png" for which in ("TrainIds", "Ids")]
    for path in paths:
        if path.exists():
            return path
    bad.add(f"Expected a label of {name} at {paths[0]} or {paths[1]}, found neither.")
    return None


def _load(halved: bool, pair: pairs.Pair) -> LabeledImage:
    encoded = source_files.read(pair.image)
    if pair.label is None:
        image = image_files.open_image(encoded, str(pair.image))
        label = np.full([image.height, image.width], _DESCRIPTOR.ignore_label, np.uint8)
    else:
        ids = _RAW_IDS if pair.label.name.endswith("_labelIds.png") else _TRAIN_IDS
        label = ids.read(source_files.read(pair.label), str(pair.label))
    example = LabeledImage(pair.name, encoded, label, str(pair.image))
    return half_resolution.halve(example) if halved else example


@dataclasses.dataclass(frozen=True, kw_only=True)
class CityscapesConfig(BuildConfig):
    """What to build."""

    cityscapes_root: str = required(
        "Folder that holds leftImg8bit and gtFine or gtCoarse.",
        example="data/cityscapes",
        path=True,
    )
    splits: tuple[str, ...] = raw_dataset.splits_setting(
        tuple(_SOURCES), ", ".join(_DEFAULT_SPLITS)
    )
    half_resolution: bool = setting(False, "Halve both sides.", paper="its search sees 1024x512")


def main(config: CityscapesConfig) -> None:
    """Builds the splits that the configuration names."""
    raw_dataset.build(cityscapes(config.half_resolution), config.cityscapes_root, config)


if __name__ == "__main__":
    program.run(CityscapesConfig, main)
