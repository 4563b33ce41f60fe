"""Builds shards of PASCAL VOC 2012 segmentation from `VOCdevkit/VOC2012`."""

import functools
import pathlib
from collections.abc import Sequence

from flags import program

from absl import flags as absl_flags

from deeplab_nas.data import datasets, manifests
from deeplab_nas.errors import UserError
from tfrecords_tools import images, shards, splits_program

# Names of the list in ImageSets/Segmentation, and folders of the labels, the first that is there.
_SOURCES = {
    "train": (("train",), ("SegmentationClass", "SegmentationClassRaw")),
    "val": (("val",), ("SegmentationClass", "SegmentationClassRaw")),
    "trainval": (("trainval",), ("SegmentationClass", "SegmentationClassRaw")),
    "train_aug": (("train_aug", "trainaug"), ("SegmentationClassAug",)),
}
SPLITS = tuple(_SOURCES)
_DEFAULT_SPLITS = ("train", "val", "trainval")
_NUM_SHARDS = 4


def build(
    voc_root: str, output_dir: str, splits: Sequence[str] = _DEFAULT_SPLITS, num_workers: int = 1
) -> tuple[manifests.Manifest, ...]:
    """Writes the shards of some splits.

    Args:
        voc_root: The folder VOC2012, which holds `JPEGImages`, `ImageSets/Segmentation` and
            `SegmentationClass`, whose palette files are read as ids, or `SegmentationClassRaw`, and
            for `train_aug` `SegmentationClassAug`, the masks of the SBD.
        output_dir: Folder of the shards, local or gs://.
        splits: Some of `SPLITS`.
        num_workers: Processes; see `workers.ordered_map`.

    Returns:
        The manifests of the splits.

    Raises:
        UserError: If a folder or file is missing or does not fit.
    """
    root = pathlib.Path(voc_root)

    def build_split(split):
        lists, folders = _SOURCES[split]
        list_path = _first(
            [root / "ImageSets" / "Segmentation" / f"{name}.txt" for name in lists], split
        )
        labels = _first([root / folder for folder in folders], split)
        load = functools.partial(_load, root / "JPEGImages", labels)
        descriptor = datasets.describe("pascal_voc_seg", "")
        names = list_path.read_text(encoding="utf-8").split()
        return shards.write_split(
            output_dir, split, names, load, descriptor, _NUM_SHARDS, num_workers
        )

    return splits_program.build(splits, SPLITS, build_split)


def _first(paths, split) -> pathlib.Path:
    for path in paths:
        if path.exists():
            return path
    raise UserError(
        f"Expected {' or '.join(map(str, paths))} for the split {split}, found none: correct "
        "--voc_root or leave the split out of --splits."
    )


def _load(image_folder, label_folder, name: str) -> shards.LabeledImage:
    image, label = image_folder / f"{name}.jpg", label_folder / f"{name}.png"
    for path in (image, label):
        if not path.is_file():
            raise UserError(f"Expected {path}, which the list of the split names, found none.")
    return shards.LabeledImage(
        name, image.read_bytes(), images.read_label(label.read_bytes(), str(label))
    )


def main(_: list[str]) -> None:
    """Builds the splits that the flags name."""
    values = absl_flags.FLAGS
    splits_program.tell(
        build(values.voc_root, values.output_dir, values.splits, values.num_workers)
    )


if __name__ == "__main__":
    splits_program.define_flags("voc_root", "The folder VOC2012 of the VOCdevkit.", _DEFAULT_SPLITS)
    program.run(main)
