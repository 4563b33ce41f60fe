"""Builds shards of PASCAL VOC 2012 segmentation from `VOCdevkit/VOC2012`."""

import dataclasses
import pathlib

from flags import program

from deeplab_nas.data import datasets
from deeplab_nas.errors import UserError
from deeplab_nas.settings import required
from tfrecords_tools.sources import name_list, pairs, voc_lines
from tfrecords_tools.writing import progress, raw_dataset
from tfrecords_tools.writing.build_options import BadExamples, BuildConfig

# Names of the list in ImageSets/Segmentation, and folders of the labels, the first that is there.
# SegmentationClass holds palette files, SegmentationClassRaw what the official code makes of them,
# SegmentationClassAug the masks of the SBD.
_SOURCES = {
    "train": (("train",), ("SegmentationClass", "SegmentationClassRaw")),
    "val": (("val",), ("SegmentationClass", "SegmentationClassRaw")),
    "trainval": (("trainval",), ("SegmentationClass", "SegmentationClassRaw")),
    "train_aug": (("train_aug", "trainaug"), ("SegmentationClassAug",)),
}
_DEFAULT_SPLITS = ("train", "val", "trainval")


def _find(root: pathlib.Path, split: str, bad: BadExamples) -> list[pairs.Pair]:
    lists, folders = _SOURCES[split]
    names = _first([root / "ImageSets" / "Segmentation" / f"{name}.txt" for name in lists], split)
    labels = _first([root / folder for folder in folders], split)
    listed = name_list.read(names)
    found: dict[str, pairs.Pair] = {}
    lacking_class = 0
    for line in listed.lines:
        try:
            pair = voc_lines.find_pair(line, root, labels, listed.place)
        except UserError as error:
            bad.add(str(error))
            continue
        if pair is None:
            lacking_class += 1
        elif pair.name in found:
            bad.add(f"Expected every name once in {listed.place}, found {pair.name} again.")
        else:
            found[pair.name] = pair
    if lacking_class:
        progress.tell(f"Left out of {split} as {names} marks them with -1: {lacking_class} images.")
    return list(found.values())


def _first(paths: list[pathlib.Path], split: str) -> pathlib.Path:
    for path in paths:
        if path.exists():
            return path
    raise UserError(
        f"Expected {' or '.join(map(str, paths))} for the split {split}, found none: correct "
        "--voc_root or leave the split out of --splits."
    )


VOC2012 = raw_dataset.RawDataset(
    descriptor=datasets.describe("pascal_voc_seg", ""),
    root_flag="voc_root",
    splits=tuple(_SOURCES),
    num_shards=4,
    find=_find,
    default_splits=lambda root: _DEFAULT_SPLITS,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Voc2012Config(BuildConfig):
    """What to build."""

    voc_root: str = required(
        "The folder VOC2012 of the VOCdevkit.", example="VOCdevkit/VOC2012", path=True
    )
    splits: tuple[str, ...] = raw_dataset.splits_setting(VOC2012.splits, ", ".join(_DEFAULT_SPLITS))


def main(config: Voc2012Config) -> None:
    """Builds the splits that the configuration names."""
    raw_dataset.build(VOC2012, config.voc_root, config)


if __name__ == "__main__":
    program.run(Voc2012Config, main)
