"""Reads every record of a data set's shards and tells what is in them, and what is wrong."""

import dataclasses
import posixpath
import sys

from flags import checks, program

import numpy as np
import tensorflow as tf
from absl import flags as absl_flags

from deeplab_nas.data import datasets, input_errors, manifests, records, shard_index
from deeplab_nas.errors import UserError
from tfrecords_tools import progress

# Lines of an error of TensorFlow that say where in the graph it arose.
_NOISE = ("Graph execution error", "Detected at", "<stack", "\t", " ")


@dataclasses.dataclass(frozen=True)
class Verified:
    """What a split holds.

    Attributes:
        split: Name of the split.
        num_shards: Number of shards.
        num_intact: Records that can be read and used.
        sizes: Number of images by `(height, width)`.
        pixels: Number of pixels by label id, int64 `[256]`.
        faults: A sentence for every record or shard that cannot be used.
    """

    split: str
    num_shards: int
    num_intact: int
    sizes: dict[tuple[int, int], int]
    pixels: np.ndarray
    faults: tuple[str, ...]


def verify(dataset: str, dataset_dir: str, split: str) -> Verified:
    """Reads every record of a split: checksums, decoding, sizes and label ids.

    Args:
        dataset: Name of the data set.
        dataset_dir: Folder of the shards, local or gs://.
        split: Name of the split.

    Returns:
        What was found.

    Raises:
        UserError: The folder or the split is missing.
    """
    descriptor = datasets.describe(dataset, dataset_dir)
    index, faults = _index(dataset_dir, split)
    read = tf.function(records.reader(index, descriptor), autograph=False)
    sizes: dict[tuple[int, int], int] = {}
    pixels, num_intact = np.zeros([256], np.int64), 0
    for number in progress.track(range(index.num_examples), index.num_examples, split):
        try:
            _, label, _ = read(tf.constant(number, tf.int64))
        except tf.errors.OpError as error:
            faults.append(f"{_place(index, number)}: {_reason(error)}")
            continue
        size = tuple(label.shape[:2])
        sizes[size] = sizes.get(size, 0) + 1
        pixels += np.bincount(label.numpy().ravel(), minlength=256)
        num_intact += 1
    return Verified(split, len(index.filenames), num_intact, sizes, pixels, tuple(faults))


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


def _place(index, number) -> str:
    shard = int(index.shards[number])
    first = int(np.searchsorted(index.shards, shard))
    return f"{posixpath.basename(index.filenames[shard])}, record {number - first}"


def _reason(error) -> str:
    told = input_errors.user_error(error)
    if told:
        return str(told)
    lines = [line for line in error.message.splitlines() if line and not line.startswith(_NOISE)]
    return lines[-1] if lines else type(error).__name__


def table(found: Verified, descriptor: datasets.DatasetDescriptor) -> str:
    """Shows a split: its records and sizes, and the pixels of every class."""
    sizes = ", ".join(
        f"{height}x{width} ({count})" for (height, width), count in sorted(found.sizes.items())
    )
    lines = [
        f"{found.split}: {found.num_intact} intact records in {found.num_shards} shards",
        f"  height x width (images): {sizes or 'none'}",
    ]
    names = [(label, name) for label, name in enumerate(descriptor.class_names)]
    if descriptor.ignore_label >= descriptor.num_classes:
        names.append((descriptor.ignore_label, "ignored"))
    total = max(1, int(found.pixels.sum()))
    width = max(len(name) for _, name in names)
    for label, name in names:
        count = int(found.pixels[label])
        lines.append(f"  {label:>3}  {name:<{width}}  {count:>15,}  {count / total:7.2%}")
    return "\n".join(lines)


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


def define_flags() -> None:
    """Registers the flags of this program."""
    absl_flags.DEFINE_string(
        "dataset", None, f"Name of the data set: {', '.join(datasets.names())}."
    )
    absl_flags.DEFINE_string("dataset_dir", None, "Folder of the shards, local or gs://.")
    absl_flags.DEFINE_list("splits", [], "Splits to read; empty: those that have a manifest.")
    absl_flags.mark_flags_as_required(["dataset", "dataset_dir"])


def main(_: list[str]) -> None:
    """Verifies the splits that the flags name."""
    values = absl_flags.FLAGS
    checks.one_of("dataset", values.dataset, datasets.names())
    descriptor = datasets.describe(values.dataset, values.dataset_dir)
    num_faults = 0
    for split in values.splits or splits_of(values.dataset_dir):
        found = verify(values.dataset, values.dataset_dir, split)
        print(table(found, descriptor))
        for fault in found.faults:
            print(fault, file=sys.stderr)
        num_faults += len(found.faults)
    if num_faults:
        raise UserError(
            f"Expected intact shards in {values.dataset_dir}, found {num_faults} faults (named "
            "above): build or copy those shards again."
        )


if __name__ == "__main__":
    define_flags()
    program.run(main)
