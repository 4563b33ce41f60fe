"""Builds shards of CamVid in the layout of the SegNet tutorial: SPLIT and SPLITannot.

`val` is another stretch of a drive than `train`, and which training copes with its light is luck.
So that networks can be compared by frames of the same light, and `val` be left for what was chosen,
`fit` and `held_out` part `train`: four fifths and one fifth, by the names of the frames.
"""

import dataclasses
import functools
import pathlib

from flags import program

from deeplab_nas.data import datasets
from deeplab_nas.settings import required, setting
from tfrecords_tools.sources import half_resolution, pairs, val_split
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.sources.labels import raw_ids
from tfrecords_tools.writing import raw_dataset
from tfrecords_tools.writing.build_options import BadExamples, BuildConfig

_DESCRIPTOR = datasets.describe("camvid", "")
_IDS = raw_ids.camvid()
# Splits that are folders.
FOLDERS = ("train", "val", "test")
_PARTED = ("fit", "held_out")
_HELD_OUT = 0.2


def _find(root: pathlib.Path, split: str, bad: BadExamples) -> list[pairs.Pair]:
    if split in _PARTED:
        parts = val_split.split_off(_find(root, "train", bad), _HELD_OUT)
        return parts[_PARTED.index(split)]
    return pairs.find(root / split, root / f"{split}annot", bad)


def _splits_there(root: pathlib.Path) -> list[str]:
    # `test` was left out of some copies of the folder.
    return [split for split in FOLDERS if split != "test" or (root / split).is_dir()]


def camvid(halved: bool = False) -> raw_dataset.RawDataset:
    """Describes CamVid to the builder.

    Args:
        halved: Whether to halve both sides.
    """
    return raw_dataset.RawDataset(
        descriptor=_DESCRIPTOR,
        root_flag="camvid_root",
        splits=_DESCRIPTOR.splits,
        num_shards=4,
        find=_find,
        default_splits=_splits_there,
        load=functools.partial(_load, halved),
        settings=(f"--half_resolution={halved}",),
    )


def _load(halved: bool, pair: pairs.Pair) -> LabeledImage:
    example = pairs.load(pair, _IDS.read)
    return half_resolution.halve(example) if halved else example


@dataclasses.dataclass(frozen=True, kw_only=True)
class CamvidConfig(BuildConfig):
    """What to build."""

    camvid_root: str = required(
        "Folder that holds train, trainannot, val, valannot and maybe test and testannot.",
        example="data/camvid",
        path=True,
    )
    splits: tuple[str, ...] = raw_dataset.splits_setting(_DESCRIPTOR.splits, "those that are there")
    half_resolution: bool = setting(
        False, "Halve both sides: 240x180 of the 480x360 frames that are published."
    )


def main(config: CamvidConfig) -> None:
    """Builds the splits that the configuration names."""
    raw_dataset.build(camvid(config.half_resolution), config.camvid_root, config)


if __name__ == "__main__":
    program.run(CamvidConfig, main)
