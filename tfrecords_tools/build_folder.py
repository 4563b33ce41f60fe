"""Builds shards of any data set that is a folder of images and a folder of label files."""

import dataclasses
import functools
import hashlib
import pathlib
from collections.abc import Sequence

from flags import program

from absl import flags as absl_flags

from deeplab_nas.data import datasets, manifests
from deeplab_nas.errors import UserError
from tfrecords_tools.sources import images, pairs, source_files
from tfrecords_tools.writing import build_options, progress, raw_dataset, shards, workers
from tfrecords_tools.writing.build_options import BadExamples, BuildOptions


@dataclasses.dataclass(frozen=True)
class FolderConfig:
    """What to build.

    Attributes:
        image_folder: Folder of the images.
        label_folder: Folder of the label files, paired with the images by base name.
        output_dir: Folder of the shards, local or gs://.
        split: Name of the split.
        num_classes: Classes, background included; 0 takes the largest id and adds one.
        ignore_label: Label id of pixels that neither train nor count.
        class_names: One name a class; empty for `class_0`, `class_1` and so on.
        val_fraction: Share of the pairs, in 0..1, that goes to the split `val` instead.
        num_shards: Shards a split.
    """

    image_folder: str
    label_folder: str
    output_dir: str
    split: str = "train"
    num_classes: int = 0
    ignore_label: int = 255
    class_names: tuple[str, ...] = ()
    val_fraction: float = 0.0
    num_shards: int = 4


def build(
    config: FolderConfig, options: BuildOptions | None = None
) -> tuple[manifests.Manifest, ...]:
    """Writes the shards.

    Args:
        config: What to build.
        options: How; see `shards.write_split`.

    Returns:
        The manifests of the splits that were written.

    Raises:
        UserError: If a file is missing or does not fit, or if the settings contradict each other.
    """
    if config.val_fraction and config.split == "val":
        raise UserError("Expected --split to be other than val where --val_fraction is given.")
    options = options or BuildOptions()
    bad = BadExamples(options.skip_bad)
    folders = pathlib.Path(config.image_folder), pathlib.Path(config.label_folder)
    found = pairs.find(*folders, bad)
    descriptor = _descriptor(config, found, options)
    splits = {config.split: [pair for pair in found if not _is_val(pair, config.val_fraction)]}
    if config.val_fraction:
        splits["val"] = [pair for pair in found if _is_val(pair, config.val_fraction)]
    for split, items in splits.items():
        if not items:
            raise UserError(
                f"Expected pairs for the split {split!r}, found none of {len(found)} with "
                f"--val_fraction={config.val_fraction}: change the fraction."
            )
    return tuple(
        shards.write_split(
            config.output_dir,
            shards.Split(
                name=split,
                items=items,
                load=pairs.load,
                descriptor=descriptor,
                num_shards=config.num_shards,
                identify=pairs.identify,
                # Without their partner, nothing says which split they are of.
                skipped=tuple(bad.sentences) if split == config.split else (),
            ),
            options,
        )
        for split, items in splits.items()
    )


def _descriptor(config, found, options) -> datasets.DatasetDescriptor:
    num_classes = config.num_classes or _count_classes(found, config.ignore_label, options)
    names = config.class_names or tuple(f"class_{label}" for label in range(num_classes))
    if len(names) != num_classes:
        raise UserError(
            f"Expected {num_classes} class names, found {len(names)}: change --class_names or "
            "--num_classes."
        )
    return datasets.DatasetDescriptor(
        name="folder",
        splits=(config.split, "val") if config.val_fraction else (config.split,),
        num_classes=num_classes,
        ignore_label=config.ignore_label,
        class_names=names,
        colormap=datasets.pascal_colormap(num_classes),
    )


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


def _is_val(pair: pairs.Pair, val_fraction: float) -> bool:
    # By name, so that a picture stays on its side when others are added.
    digest = hashlib.sha256(pair.name.encode()).digest()
    return int.from_bytes(digest[:8], "big") < val_fraction * 2**64


def define_flags() -> None:
    """Registers the flags of this program."""
    absl_flags.DEFINE_string("image_folder", None, "Folder of the images.")
    absl_flags.DEFINE_string(
        "label_folder", None, "Folder of the label files, single-channel 8-bit images of label ids."
    )
    absl_flags.DEFINE_string("split", "train", "Name of the split.")
    absl_flags.DEFINE_integer(
        "num_classes", 0, "Classes, background included; 0 infers them.", 0, 256
    )
    absl_flags.DEFINE_integer("ignore_label", 255, "Label id of ignored pixels.", 0, 255)
    absl_flags.DEFINE_list("class_names", [], "One name a class, separated by commas.")
    absl_flags.DEFINE_float(
        "val_fraction", 0.0, "Share of the pairs that goes to the split val instead.", 0.0, 1.0
    )
    absl_flags.DEFINE_integer("num_shards", 4, "Shards a split.", 1)
    build_options.define_flags()
    absl_flags.mark_flags_as_required(["image_folder", "label_folder"])


def main(_: list[str]) -> None:
    """Builds the data set that the flags describe."""
    values = absl_flags.FLAGS
    fields = {field.name: values[field.name].value for field in dataclasses.fields(FolderConfig)}
    fields["class_names"] = tuple(fields["class_names"])
    raw_dataset.tell(build(FolderConfig(**fields), build_options.from_flags(values)))


if __name__ == "__main__":
    define_flags()
    program.run(main)
