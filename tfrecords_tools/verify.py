"""Reads every record of a data set's shards and tells what is in them, and what is wrong."""

import dataclasses
import functools
import sys

from flags import program

import numpy as np
import tensorflow as tf

from deeplab_nas.data import class_statistics, datasets, manifests, record_faults, shard_index
from deeplab_nas.data.split import Split
from deeplab_nas.drawing import data_sheet
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from deeplab_nas.settings import Settings, required, setting
from tfrecords_tools import preview
from tfrecords_tools.writing import progress, workers


@dataclasses.dataclass(frozen=True)
class VerifyConfig(Settings):
    """What to verify."""

    dataset: str = required(
        "Name of the data set: {choices}.", choices=datasets.names(), example="folder"
    )
    dataset_dir: str = required(
        "Folder of the shards, local or gs://.", example="tfrecords/first", path=True
    )
    splits: tuple[str, ...] = setting((), "Splits to read; empty: those that have a manifest.")
    write_manifest: bool = setting(
        False,
        "Write manifest-<split>.json of intact splits that have none, such as official ones: what "
        "--label_weights=median_frequency reads, and runs then start sooner.",
    )
    preview: str = setting(
        "",
        "Picture, a .png file, of some examples with their labels in colour and of the share of "
        "each class; empty: none.",
    )
    preview_images: int = setting(
        12, "With --preview: examples of each split, spread evenly over it.", least=1, most=100
    )

    def check_together(self) -> None:
        if self.preview and not self.preview.lower().endswith(".png"):
            raise UserError(
                f"Expected --preview to be the name of a .png file, found '{self.preview}'."
            )


@dataclasses.dataclass(frozen=True)
class Verified:
    """What a split holds.

    Attributes:
        split: Name of the split.
        num_shards: Number of shards.
        shard_counts: Records that can be read and used, in each shard.
        sizes: Number of images by `(height, width)`.
        statistics: Its pixels by class.
        faults: A sentence for every record or shard that cannot be used.
    """

    split: str
    shard_counts: tuple[int, ...]
    sizes: dict[tuple[int, int], int]
    statistics: class_statistics.ClassStatistics
    faults: tuple[str, ...]


def verify(
    dataset: str, dataset_dir: str, split: str, sample: preview.Sample | None = None
) -> Verified:
    """Reads every record of a split: checksums, decoding, sizes and label ids.

    Args:
        dataset: Name of the data set.
        dataset_dir: Folder of the shards, local or gs://.
        split: Name of the split.
        sample: Takes examples for a preview.

    Returns:
        What was found.

    Raises:
        UserError: The folder or the split is missing.
    """
    descriptor = datasets.describe(dataset, dataset_dir)
    index, faults = _index(dataset_dir, split)
    there = Split(index, descriptor)
    read = tf.function(there.reader(), autograph=False)
    sizes: dict[tuple[int, int], int] = {}
    statistics = class_statistics.none(descriptor.num_classes)
    counts = [0] * len(index.filenames)

    found = workers.ordered_map(
        functools.partial(record_faults.read_or_fault, read, there), range(index.num_examples)
    )
    for number, result in enumerate(progress.track(found, index.num_examples, split)):
        if isinstance(result, str):
            faults.append(result)
            continue
        if sample:
            sample.offer(there, number, result)
        label = result[1]
        size = tuple(label.shape[:2])
        sizes[size] = sizes.get(size, 0) + 1
        histogram = np.bincount(label.numpy().ravel(), minlength=256)
        statistics += class_statistics.of_image(
            histogram, descriptor.num_classes, descriptor.ignore_label
        )
        counts[index.shards[number]] += 1
    return Verified(index.split, tuple(counts), sizes, statistics, tuple(faults))


def _index(dataset_dir, split) -> tuple[shard_index.ShardIndex, list[str]]:
    """Where the records lie, and what is wrong with the shards as files."""
    split, filenames = shard_index.find_shards(dataset_dir, split)
    offsets, faults = [], []
    for filename in filenames:
        try:
            offsets.append(shard_index.scan(filename))
        except UserError as error:
            faults.append(str(error))
            offsets.append(np.zeros([0], np.int64))
    counts = tuple(map(len, offsets))
    manifest = manifests.read(dataset_dir, split)
    if manifest and not faults and manifest.shard_counts != counts:
        faults.append(
            f"Expected {list(manifest.shard_counts)} records in the shards of {split} by their "
            f"manifest, found {list(counts)}."
        )
    shards = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    index = shard_index.ShardIndex(split, filenames, shards, np.concatenate(offsets), ())
    return index, faults


def table(found: Verified, descriptor: datasets.DatasetDescriptor) -> str:
    """Shows a split: its records and sizes, and the pixels of every class."""
    sizes = ", ".join(
        f"{height}x{width} ({count})" for (height, width), count in sorted(found.sizes.items())
    )
    lines = [
        f"{found.split}: {sum(found.shard_counts)} intact records in {len(found.shard_counts)} "
        "shards",
        f"  height x width (images): {sizes or 'none'}",
    ]
    counts = [*found.statistics.pixels, found.statistics.ignored]
    total = max(1, sum(counts))
    names = (*descriptor.class_names, "ignored")
    labels = (*range(descriptor.num_classes), descriptor.ignore_label)
    width = max(map(len, names))
    for label, name, count in zip(labels, names, counts, strict=True):
        lines.append(f"  {label:>3}  {name:<{width}}  {count:>15,}  {count / total:7.2%}")
    return "\n".join(lines)


def write_manifest(
    found: Verified, descriptor: datasets.DatasetDescriptor, dataset_dir: str
) -> None:
    """Writes the manifest of shards that have none, such as those of the official code."""
    facts = (found.split, found.shard_counts, found.sizes, found.statistics)
    manifests.write(manifests.of_shards(descriptor, *facts), dataset_dir)


def splits_of(dataset_dir: str) -> tuple[str, ...]:
    """The splits that a folder has a manifest of.

    Raises:
        UserError: There is none.
    """
    found = tuple(manifest.split for manifest in manifests.read_all(dataset_dir))
    if not found:
        raise UserError(
            f"Expected manifest-<split>.json in {dataset_dir}, found none: name the splits with "
            "--splits."
        )
    return found


def main(config: VerifyConfig) -> None:
    """Verifies the splits that the configuration names.

    Raises:
        UserError: A record or a shard cannot be used; each is named on stderr.
    """
    descriptor = datasets.describe(config.dataset, config.dataset_dir)
    splits = config.splits or splits_of(config.dataset_dir)
    if config.preview:
        preview.check(config.preview)
    num_faults, sections = 0, []
    for split in splits:
        sample = preview.Sample(config.preview_images) if config.preview else None
        found = verify(config.dataset, config.dataset_dir, split, sample)
        if sample:
            sections.append(preview.section(split, found.sizes, found.statistics, sample))
            # After every split, since each may take hours.
            facts = descriptor.class_names, descriptor.colormap, descriptor.ignore_label
            picture = data_sheet.draw(sections, *facts)
            atomic.write_png(config.preview, picture, "name another --preview")
        print(table(found, descriptor))
        for fault in found.faults:
            print(fault, file=sys.stderr)
        num_faults += len(found.faults)
        has_manifest = manifests.read(config.dataset_dir, found.split) is not None
        if config.write_manifest and not found.faults and not has_manifest:
            write_manifest(found, descriptor, config.dataset_dir)
    if num_faults:
        raise UserError(
            f"Expected intact shards in {config.dataset_dir}, found {num_faults} faults (named "
            "above): build or copy those shards again."
        )


if __name__ == "__main__":
    program.run(VerifyConfig, main)
