"""Builds shards of Cityscapes from its folders `leftImg8bit`, `gtFine` and `gtCoarse`."""

import functools
import io
import pathlib
from collections.abc import Sequence

from flags import program

import numpy as np
from absl import flags as absl_flags
from PIL import Image

from deeplab_nas.data import datasets, image_files, manifests
from deeplab_nas.errors import UserError
from tfrecords_tools import images, raw_ids, shards, splits_program

# Folders under `leftImg8bit`, and the one of the labels, by split.
_SOURCES = {
    "train_fine": (("train",), "gtFine"),
    "val_fine": (("val",), "gtFine"),
    "trainval_fine": (("train", "val"), "gtFine"),
    "train_coarse": (("train", "train_extra"), "gtCoarse"),
    "trainval_coarse": (("train", "train_extra", "val"), "gtCoarse"),
    "test_fine": (("test",), None),
}
SPLITS = tuple(_SOURCES)
_DEFAULT_SPLITS = ("train_fine", "val_fine")
_NUM_SHARDS = 10
_IMAGE_SUFFIX = "_leftImg8bit.png"


def build(
    cityscapes_root: str,
    output_dir: str,
    splits: Sequence[str] = _DEFAULT_SPLITS,
    half_resolution: bool = False,
    num_workers: int = 1,
) -> tuple[manifests.Manifest, ...]:
    """Writes the shards of some splits.

    Args:
        cityscapes_root: Folder that holds `leftImg8bit` and `gtFine` or `gtCoarse` as they are
            unpacked. A label is read from `*_labelTrainIds.png` where that is there, else from
            `*_labelIds.png`, whose ids are mapped. `test_fine` gets labels to ignore everywhere.
        output_dir: Folder of the shards, local or gs://.
        splits: Some of `SPLITS`.
        half_resolution: Whether to halve both sides, as the paper's search does.
        num_workers: Processes; see `workers.ordered_map`.

    Returns:
        The manifests of the splits.

    Raises:
        UserError: If a folder or file is missing or does not fit.
    """
    root = pathlib.Path(cityscapes_root)

    def build_split(split):
        found = _find(root, split)
        load = functools.partial(_load, root, split, half_resolution)
        descriptor = datasets.describe("cityscapes", "")
        return shards.write_split(
            output_dir, split, found, load, descriptor, _NUM_SHARDS, num_workers
        )

    return splits_program.build(splits, SPLITS, build_split)


def _find(root, split) -> list[pathlib.Path]:
    folders, _ = _SOURCES[split]
    found = []
    for folder in folders:
        pattern = root / "leftImg8bit" / folder
        here = sorted(pattern.glob(f"*/*{_IMAGE_SUFFIX}"))
        if not here:
            raise UserError(
                f"Expected images of {split} at {pattern}/*/*{_IMAGE_SUFFIX}, found none: unpack "
                "leftImg8bit there or correct --cityscapes_root."
            )
        found += here
    return found


def _load(root, split, half_resolution, path: pathlib.Path) -> shards.LabeledImage:
    name = path.name.removesuffix(_IMAGE_SUFFIX)
    encoded = path.read_bytes()
    _, kind = _SOURCES[split]
    if kind is None:
        image = image_files.open_image(encoded, str(path))
        ignore_label = datasets.describe("cityscapes", "").ignore_label
        label = np.full([image.height, image.width], ignore_label, np.uint8)
    else:
        label = _read_label(root / kind / path.parts[-3] / path.parts[-2], kind, name)
    if half_resolution:
        encoded, label = _halved(image_files.open_image(encoded, str(path)), label)
    return shards.LabeledImage(name, encoded, label)


def _halved(image, label) -> tuple[bytes, np.ndarray]:
    size = (image.width // 2, image.height // 2)
    buffer = io.BytesIO()
    image.resize(size, Image.Resampling.BILINEAR).save(buffer, "PNG")
    label = np.array(Image.fromarray(label).resize(size, Image.Resampling.NEAREST))
    return buffer.getvalue(), label


def _read_label(folder, kind, name) -> np.ndarray:
    train_ids, ids = (folder / f"{name}_{kind}_label{which}.png" for which in ("TrainIds", "Ids"))
    if train_ids.exists():
        return images.read_label(train_ids.read_bytes(), str(train_ids))
    if ids.exists():
        return raw_ids.class_table(datasets.describe("cityscapes", ""))[
            images.read_label(ids.read_bytes(), str(ids))
        ]
    raise UserError(f"Expected a label of {name} at {train_ids} or {ids}, found neither.")


def main(_: list[str]) -> None:
    """Builds the splits that the flags name."""
    values = absl_flags.FLAGS
    splits_program.tell(
        build(
            values.cityscapes_root,
            values.output_dir,
            values.splits,
            values.half_resolution,
            values.num_workers,
        )
    )


if __name__ == "__main__":
    splits_program.define_flags(
        "cityscapes_root", "Folder that holds leftImg8bit and gtFine or gtCoarse.", _DEFAULT_SPLITS
    )
    absl_flags.DEFINE_bool(
        "half_resolution", False, "Halve both sides. Paper: its search sees 1024x512."
    )
    program.run(main)
