"""Builds shards of the ADE20K scene parsing benchmark from `ADEChallengeData2016`."""

import dataclasses
import functools
import pathlib

from flags import program

from deeplab_nas.data import datasets
from deeplab_nas.settings import required, setting
from tfrecords_tools.sources import pairs
from tfrecords_tools.sources.labels import raw_ids
from tfrecords_tools.writing import raw_dataset
from tfrecords_tools.writing.build_options import BadExamples, BuildConfig

_FOLDERS = {"train": "training", "val": "validation"}
_IDS = raw_ids.ade20k()
_DESCRIPTORS = {found.num_classes: found for found in datasets.conventions("ade20k")}


def ade20k(num_classes: int = 150) -> raw_dataset.RawDataset:
    """Describes ADE20K to the builder.

    Args:
        num_classes: 150 for the classes of the benchmark, whose files count them from 1 and have 0
            where there is none; 151 for the ids of the files as they are, of which 0 is ignored, as
            in the official DeepLab code.
    """
    return raw_dataset.RawDataset(
        descriptor=_DESCRIPTORS[num_classes],
        root_flag="ade20k_root",
        splits=tuple(_FOLDERS),
        num_shards=4,
        find=_find,
        default_splits=lambda root: tuple(_FOLDERS),
        load=pairs.load if num_classes == 151 else functools.partial(pairs.load, read=_IDS.read),
        settings=(f"--num_classes={num_classes}",),
    )


def _find(root: pathlib.Path, split: str, bad: BadExamples) -> list[pairs.Pair]:
    folder = _FOLDERS[split]
    return pairs.find(root / "images" / folder, root / "annotations" / folder, bad)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ade20kConfig(BuildConfig):
    """What to build."""

    ade20k_root: str = required(
        "The folder ADEChallengeData2016.", example="data/ADEChallengeData2016", path=True
    )
    splits: tuple[str, ...] = raw_dataset.splits_setting(tuple(_FOLDERS), "both")
    num_classes: str = setting(
        "150",
        "150: the benchmark's classes, 0 of the files ignored. 151: official DeepLab, 0 is a class "
        "and ignored.",
        choices=("150", "151"),
    )


def main(config: Ade20kConfig) -> None:
    """Builds the splits that the configuration names."""
    raw_dataset.build(ade20k(int(config.num_classes)), config.ade20k_root, config)


if __name__ == "__main__":
    program.run(Ade20kConfig, main)
