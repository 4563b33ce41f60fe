"""Builds shards of any data set that is a folder of images and a folder of label files."""

import dataclasses
import functools
import pathlib

from flags import program

from deeplab_nas.data import manifests
from deeplab_nas.data.brightness import ranges
from deeplab_nas.errors import UserError
from deeplab_nas.settings import required, setting
from tfrecords_tools.sources import folder_pairs, image_ranges, pairs, val_split
from tfrecords_tools.sources.labels import folder_labels
from tfrecords_tools.writing import progress, raw_dataset, same_classes, shards
from tfrecords_tools.writing.build_options import BadExamples, BuildConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class FolderConfig(folder_labels.LabelConfig, BuildConfig):
    """What to build."""

    image_folder: str = required("Folder of the images.", example="images", path=True)
    label_folder: str = required(
        "Folder of the label files, lossless images of label ids or, with --label_colors, of "
        "colours, paired with the images by name, that of sub-folders included. It may be "
        "--image_folder itself.",
        example="labels",
        path=True,
    )
    image_suffix: str = setting(
        "", "What the names of images end in before the extension, such as _leftImg8bit."
    )
    label_suffix: str = setting(
        "", "What the names of label files end in before the extension, such as _mask."
    )
    split: str = setting("train", "Name of the split.")
    val_fraction: float = setting(
        0.0,
        "Share of the pairs that goes to the split val instead, rounded to whole pairs and at "
        "least one for each split; by the hashes of their names, so that the same names are always "
        "split alike.",
        least=0,
        below=1,
    )
    num_shards: int = setting(4, "Shards a split.", least=1)
    image_range: str = image_ranges.image_range_setting()

    def check_together(self) -> None:
        super().check_together()
        ranges.parse(self.image_range)
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
    found = folder_pairs.find(_places(config), bad)
    parted = {config.split: found}
    if config.val_fraction:
        parted[config.split], parted["val"] = val_split.split_off(found, config.val_fraction)
    other = same_classes.there(config.output_dir, tuple(parted))
    labels = folder_labels.of(config, tuple(parted), found, other, options)
    for sentence in labels.told:
        progress.tell(sentence)
    image_range = image_ranges.resolve(
        config.image_range,
        config.output_dir,
        [pair.image for pair in found],
        len(found),
        image_ranges.largest_in_file,
        options,
    )
    splits = [
        shards.Split(
            name=split,
            items=items,
            load=functools.partial(pairs.load, read=labels.read),
            descriptor=dataclasses.replace(labels.descriptor, image_range=image_range),
            num_shards=config.num_shards,
            identify=pairs.identify,
            # Without their partner, nothing says which split they are of.
            skipped=tuple(bad.sentences) if split == config.split else (),
            settings=(*labels.settings, f"--image_range={ranges.shown(image_range)}"),
            check=labels.check,
        )
        for split, items in parted.items()
    ]
    return shards.write_splits(config.output_dir, splits, options)


def _places(config: FolderConfig) -> folder_pairs.Places:
    return folder_pairs.Places(
        image_folder=pathlib.Path(config.image_folder),
        label_folder=pathlib.Path(config.label_folder),
        image_suffix=config.image_suffix,
        label_suffix=config.label_suffix,
        without=(pathlib.Path(config.output_dir),),
    )


def main(config: FolderConfig) -> None:
    """Builds the data set that the configuration describes."""
    raw_dataset.tell(build(config))


if __name__ == "__main__":
    program.run(FolderConfig, main)
