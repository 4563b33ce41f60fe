"""Builds shards of any data set that is a folder of images and a folder of label files."""

import dataclasses
import functools
import pathlib
from collections.abc import Sequence

from flags import program

from deeplab_nas.data import datasets, manifests
from deeplab_nas.errors import UserError
from deeplab_nas.settings import required, setting
from tfrecords_tools.sources import images, pairs, source_files, val_split
from tfrecords_tools.writing import progress, raw_dataset, shards, workers
from tfrecords_tools.writing.build_options import BadExamples, BuildConfig, BuildOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class FolderConfig(BuildConfig):
    """What to build."""

    image_folder: str = required("Folder of the images.", example="images")
    label_folder: str = required(
        "Folder of the label files, single-channel 8-bit images of label ids, paired with the "
        "images by base name.",
        example="labels",
    )
    split: str = setting("train", "Name of the split.")
    num_classes: int = setting(0, "Classes, background included; 0 infers them.", least=0, most=256)
    ignore_label: int = setting(255, "Label id of ignored pixels.", least=0, most=255)
    class_names: tuple[str, ...] = setting((), "One name a class, separated by commas.")
    val_fraction: float = setting(
        0.0,
        "Share of the pairs that goes to the split val instead, rounded to whole pairs and at "
        "least one for each split; by the hashes of their names, so that the same names are always "
        "split alike.",
        least=0,
        below=1,
    )
    num_shards: int = setting(4, "Shards a split.", least=1)

    def check_together(self) -> None:
        if self.val_fraction and self.split == "val":
            raise UserError("Expected --split to be other than val where --val_fraction is given.")


def build(config: FolderConfig) -> tuple[manifests.Manifest, ...]:
    """Writes the shards.

    Args:
        config: What to build.

    Returns:
        The manifests of the splits that were written.

    Raises:
        UserError: If a file is missing or does not fit, or if the settings contradict each other.
    """
    options = config.options
    bad = BadExamples(options.skip_bad)
    folders = pathlib.Path(config.image_folder), pathlib.Path(config.label_folder)
    found = pairs.find(*folders, bad)
    parted = {config.split: found}
    if config.val_fraction:
        parted[config.split], parted["val"] = val_split.split_off(found, config.val_fraction)
    descriptor = _descriptor(config, found, options)
    splits = [
        shards.Split(
            name=split,
            items=items,
            load=pairs.load,
            descriptor=descriptor,
            num_shards=config.num_shards,
            identify=pairs.identify,
            # Without their partner, nothing says which split they are of.
            skipped=tuple(bad.sentences) if split == config.split else (),
        )
        for split, items in parted.items()
    ]
    return shards.write_splits(config.output_dir, splits, options)


def _descriptor(config, found, options) -> datasets.DatasetDescriptor:
    num_classes = config.num_classes or _count_classes(found, config.ignore_label, options)
    names = config.class_names or tuple(f"class_{label}" for label in range(num_classes))
    if len(names) != num_classes:
        raise UserError(
            f"Expected {num_classes} class names, found {len(names)}: change --class_names or "
            "--num_classes."
        )
    splits = (config.split, "val") if config.val_fraction else (config.split,)
    return datasets.folder(splits, names, config.ignore_label)


def _count_classes(found: Sequence[pairs.Pair], ignore_label: int, options: BuildOptions) -> int:
    largest_of = functools.partial(_largest_id, ignore_label, options.skip_bad)
    counted = workers.ordered_map(largest_of, found, options.num_workers)
    largest = max(progress.track(counted, len(found), "label ids"))
    if largest < 0:
        raise UserError(
            f"Expected label ids other than the ignore label {ignore_label}, found none: give "
            "--num_classes or another --ignore_label."
        )
    return largest + 1


def _largest_id(ignore_label: int, skip_bad: bool, pair: pairs.Pair) -> int:
    try:
        label = images.read_label(source_files.read(pair.label), str(pair.label))
    except UserError:
        # Left out, and told, when its turn to be written comes.
        if not skip_bad:
            raise
        return -1
    return int(label.astype(int).max(initial=-1, where=label != ignore_label))


def main(config: FolderConfig) -> None:
    """Builds the data set that the configuration describes."""
    raw_dataset.tell(build(config))


if __name__ == "__main__":
    program.run(FolderConfig, main)
