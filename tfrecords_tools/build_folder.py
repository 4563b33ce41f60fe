"""Builds shards of any data set that is a folder of images and a folder of label files."""

import dataclasses
import functools
import hashlib
import pathlib

from flags import program

from deeplab_nas.data import manifests
from deeplab_nas.data.brightness import ranges
from deeplab_nas.errors import UserError
from deeplab_nas.settings import required, setting
from tfrecords_tools.sources import folder_labels, folder_pairs, image_ranges, pairs
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
        0.0, "Share of the pairs that goes to the split val instead.", least=0, most=1
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
    names = (config.split, "val") if config.val_fraction else (config.split,)
    other = same_classes.there(config.output_dir, names)
    labels = folder_labels.of(config, names, found, other, options)
    for sentence in labels.told:
        progress.tell(sentence)
    splits = {config.split: [pair for pair in found if not _is_val(pair, config.val_fraction)]}
    if config.val_fraction:
        splits["val"] = [pair for pair in found if _is_val(pair, config.val_fraction)]
    for split, items in splits.items():
        if not items:
            raise UserError(
                f"Expected pairs for the split {split!r}, found none of {len(found)} with "
                f"--val_fraction={config.val_fraction}: change the fraction."
            )
    image_range = image_ranges.resolve(
        config.image_range,
        config.output_dir,
        [pair.image for items in splits.values() for pair in items],
        sum(map(len, splits.values())),
        image_ranges.largest_in_file,
        options,
    )
    descriptor = dataclasses.replace(labels.descriptor, image_range=image_range)
    return tuple(
        shards.write_split(
            config.output_dir,
            shards.Split(
                name=split,
                items=items,
                load=functools.partial(pairs.load, read=labels.read),
                descriptor=descriptor,
                num_shards=config.num_shards,
                identify=lambda run: f"{labels.identity} {pairs.identify(run)}",
                check=labels.check,
                # Without their partner, nothing says which split they are of.
                skipped=tuple(bad.sentences) if split == config.split else (),
            ),
            options,
        )
        for split, items in splits.items()
    )


def _places(config: FolderConfig) -> folder_pairs.Places:
    return folder_pairs.Places(
        image_folder=pathlib.Path(config.image_folder),
        label_folder=pathlib.Path(config.label_folder),
        image_suffix=config.image_suffix,
        label_suffix=config.label_suffix,
        without=(pathlib.Path(config.output_dir),),
    )


def _is_val(pair: pairs.Pair, val_fraction: float) -> bool:
    # By name, so that a picture stays on its side when others are added.
    digest = hashlib.sha256(pair.name.encode()).digest()
    return int.from_bytes(digest[:8], "big") < val_fraction * 2**64


def main(config: FolderConfig) -> None:
    """Builds the data set that the configuration describes."""
    raw_dataset.tell(build(config))


if __name__ == "__main__":
    program.run(FolderConfig, main)
