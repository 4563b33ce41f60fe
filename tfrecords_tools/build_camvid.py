"""Builds shards of CamVid in the layout of the SegNet tutorial: SPLIT and SPLITannot."""

import dataclasses
import pathlib

from flags import program

import numpy as np

from deeplab_nas.data import datasets
from deeplab_nas.settings import required
from tfrecords_tools.sources import pairs
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.writing import raw_dataset
from tfrecords_tools.writing.build_options import BadExamples, BuildConfig

_DESCRIPTOR = datasets.describe("camvid", "")
_VOID = 11


def _find(root: pathlib.Path, split: str, bad: BadExamples) -> list[pairs.Pair]:
    return pairs.find(root / split, root / f"{split}annot", bad)


def _splits_there(root: pathlib.Path) -> list[str]:
    # `test` was left out of some copies of the folder.
    return [split for split in _DESCRIPTOR.splits if split != "test" or (root / split).is_dir()]


def _load(pair: pairs.Pair) -> LabeledImage:
    example = pairs.load(pair)
    ids = np.where(example.label == _VOID, np.uint8(_DESCRIPTOR.ignore_label), example.label)
    return dataclasses.replace(example, label=ids)


CAMVID = raw_dataset.RawDataset(
    descriptor=_DESCRIPTOR,
    root_flag="camvid_root",
    splits=_DESCRIPTOR.splits,
    num_shards=4,
    find=_find,
    default_splits=_splits_there,
    load=_load,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CamvidConfig(BuildConfig):
    """What to build."""

    camvid_root: str = required(
        "Folder that holds train, trainannot, val, valannot and maybe test and testannot.",
        example="data/camvid",
    )
    splits: tuple[str, ...] = raw_dataset.splits_setting(CAMVID.splits, "those that are there")


def main(config: CamvidConfig) -> None:
    """Builds the splits that the configuration names."""
    raw_dataset.build(CAMVID, config.camvid_root, config)


if __name__ == "__main__":
    program.run(CamvidConfig, main)
