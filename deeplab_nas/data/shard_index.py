"""Where every record of a split lies: the shard and the byte offset, so that any can be read."""

import collections
import dataclasses
import hashlib
import posixpath
import re
import struct
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from deeplab_nas.data import examples, manifests
from deeplab_nas.data.parallel_map import parallel_map
from deeplab_nas.errors import UserError
from deeplab_nas.files import git_lfs

_SHARD = re.compile(r"(?P<split>.+)-(?P<number>\d{5})-of-(?P<total>\d{5})\.tfrecord")

# The official Cityscapes converter writes `train`, the official descriptor says `train_fine`.
_ALIASES = {"train": "train_fine", "val": "val_fine", "train_fine": "train", "val_fine": "val"}

# TFRecord framing: uint64 length, its checksum, the data, their checksum.
_HEADER_BYTES = 12
_FOOTER_BYTES = 4


@dataclasses.dataclass(frozen=True, eq=False)
class ShardIndex:
    """The records of one split in their order on disk.

    Attributes:
        split: Name of the split as the shards spell it.
        filenames: The shards, in order.
        shards: Number of the shard of each record, int32 `[num_examples]`.
        offsets: Byte offset of each record in its shard, int64 `[num_examples]`.
        image_sizes: The distinct `(height, width)` of the images, in pixels, sorted.
        digest: SHA-256 of the records' lengths and checksums in their order, as hexadecimal digits;
            empty where nobody asked. Where shards begin and what they are called is no part of it:
            a run reads records by their number.
    """

    split: str
    filenames: tuple[str, ...]
    shards: np.ndarray
    offsets: np.ndarray
    image_sizes: tuple[tuple[int, int], ...]
    digest: str = ""

    @property
    def num_examples(self) -> int:
        """Records in the split."""
        return len(self.offsets)

    @property
    def max_height(self) -> int:
        """Largest image height, in pixels."""
        return max(height for height, _ in self.image_sizes)

    @property
    def max_width(self) -> int:
        """Largest image width, in pixels."""
        return max(width for _, width in self.image_sizes)


def load(dataset_dir: str, split: str) -> ShardIndex:
    """Finds the shards of a split and scans them once, reading the records' framing only.

    Args:
        dataset_dir: Folder of the shards, local or gs://.
        split: Name of the split; `train` and `train_fine`, `val` and `val_fine` stand for each
            other where only one of them is there.

    Returns:
        The index.

    Raises:
        UserError: If the folder, the split or one of its shards is missing, if a shard is cut off
            or empty, or if the counts are not those of the manifest.
    """
    split, filenames = find_shards(dataset_dir, split)
    digest = hashlib.sha256()
    offsets = [scan(filename, digest.update) for filename in filenames]
    counts = tuple(len(shard) for shard in offsets)
    if sum(counts) == 0:
        raise UserError(
            f"Expected examples in the shards of {split!r}, found none: {filenames[0]}."
        )
    manifest = manifests.read(dataset_dir, split)
    if manifest and manifest.shard_counts != counts:
        raise UserError(
            f"Expected {list(manifest.shard_counts)} examples in the shards of {split!r} by "
            f"{manifests.path(dataset_dir, split)}, found {list(counts)}: build the shards again."
        )
    return ShardIndex(
        split=split,
        filenames=filenames,
        shards=np.repeat(np.arange(len(counts), dtype=np.int32), counts),
        offsets=np.concatenate(offsets),
        image_sizes=manifest.image_sizes if manifest else _read_image_sizes(filenames, offsets),
        digest=digest.hexdigest(),
    )


def shard_name(split: str, number: int, total: int) -> str:
    """Returns the official name of a shard."""
    return f"{split}-{number:05d}-of-{total:05d}.tfrecord"


def find_shards(dataset_dir: str, split: str) -> tuple[str, tuple[str, ...]]:
    """Finds the complete set of shards of a split.

    Args:
        dataset_dir: Folder of the shards, local or gs://.
        split: Name of the split or its alias.

    Returns:
        The name of the split as the shards spell it, and their paths in order.

    Raises:
        UserError: If the folder, the split or one of its shards is missing.
    """
    if not tf.io.gfile.isdir(dataset_dir):
        raise UserError(
            f"Expected a folder of TFRecord shards, found nothing at {dataset_dir!r}: give the "
            "folder with --dataset_dir."
        )
    found = collections.defaultdict(list)
    for match in map(_SHARD.fullmatch, sorted(tf.io.gfile.listdir(dataset_dir))):
        # macOS leaves a ._NAME beside each file on disks of others.
        if match and not match.string.startswith("."):
            found[match["split"]].append(match)
    if split not in found and _ALIASES.get(split) in found:
        split = _ALIASES[split]
    if split not in found:
        there = ", ".join(sorted(found)) or "no shards at all"
        raise UserError(
            f"Expected shards {split}-00000-of-NNNNN.tfrecord in {dataset_dir}, found those of: "
            f"{there}."
        )
    totals = {int(match["total"]) for match in found[split]}
    if len(totals) > 1:
        raise UserError(
            f"Expected one set of shards of {split!r} in {dataset_dir}, found sets of "
            f"{' and '.join(map(str, sorted(totals)))}: remove the one that is out of date."
        )
    total = totals.pop()
    present = {match.string for match in found[split]}
    names = [shard_name(split, number, total) for number in range(total)]
    for name in names:
        if name not in present:
            raise UserError(
                f"Expected {total} shards of {split!r} in {dataset_dir}, found "
                f"{len(present)}: {name} is missing."
            )
    return split, tuple(posixpath.join(dataset_dir, name) for name in names)


def scan(filename: str, take: Callable[[bytes], object] | None = None) -> np.ndarray:
    """Reads the framing of a TFRecord file without its data.

    Args:
        filename: Path of the shard.
        take: Called for each record with its length and the checksum of its data, as the file has
            them, 12 bytes.

    Returns:
        The byte offset of each record, int64 `[records]`.

    Raises:
        UserError: If the file ends inside a record or is no TFRecord file at all.
    """
    offsets, position = [], 0
    size = tf.io.gfile.stat(filename).length
    with tf.io.gfile.GFile(filename, "rb") as file:
        header = file.read(_HEADER_BYTES)
        while position < size:
            offsets.append(position)
            if len(header) == _HEADER_BYTES:
                position += _HEADER_BYTES + struct.unpack("<Q", header[:8])[0] + _FOOTER_BYTES
            if len(header) < _HEADER_BYTES or position > size:
                file.seek(0)
                git_lfs.refuse_pointer(file.read(git_lfs.NUM_BYTES), filename)
                raise UserError(
                    f"Expected whole TFRecords in {filename}, but it ends inside record "
                    f"{len(offsets) - 1}: build or copy the shard again."
                )
            # One seek a record: its checksum stands before the next header.
            file.seek(position - _FOOTER_BYTES)
            between = file.read(_FOOTER_BYTES + _HEADER_BYTES)
            if take:
                take(header[:8] + between[:_FOOTER_BYTES])
            header = between[_FOOTER_BYTES:]
    return np.array(offsets, np.int64)


def read_at(filename: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """Reads one record, in a graph.

    Args:
        filename: Path of the shard, a scalar string.
        offset: Byte offset of the record, an int64 scalar.

    Returns:
        The record, a scalar string.

    Raises:
        tf.errors.DataLossError: When run, if one of its two checksums is wrong.
    """
    # tf.data.TFRecordDataset without its Python class, which does not take byte offsets.
    variant = tf.raw_ops.TFRecordDatasetV2(
        filenames=filename[tf.newaxis],
        compression_type="",
        buffer_size=0,
        byte_offsets=offset[tf.newaxis],
    )
    dataset = tf.data.experimental.from_variant(variant, tf.TensorSpec([], tf.string))
    return dataset.take(1).get_single_element()


def _read_image_sizes(
    filenames: tuple[str, ...], offsets: list[np.ndarray]
) -> tuple[tuple[int, int], ...]:
    places = np.concatenate([np.arange(len(shard)) for shard in offsets])
    records = np.repeat(filenames, list(map(len, offsets))), np.concatenate(offsets), places

    def size(filename, offset, place):
        parsed = examples.parse(read_at(filename, offset))
        sides = tf.stack([parsed[examples.IMAGE_HEIGHT], parsed[examples.IMAGE_WIDTH]])
        return sides, filename, place

    dataset = tf.data.Dataset.from_tensor_slices(records)
    # A record that cannot be read is named by whoever draws it.
    dataset = parallel_map(dataset, size).ignore_errors()
    sizes = set()
    for (height, width), filename, place in dataset.as_numpy_iterator():
        # Nothing that is made of these numbers may become larger than an image.
        if min(height, width) < 1 or int(height) * int(width) > examples.MAX_PIXELS:
            raise UserError(
                f"Expected {examples.IMAGE_HEIGHT} and {examples.IMAGE_WIDTH} of 1 to "
                f"{examples.MAX_PIXELS} pixels in every record, found {height}x{width} in record "
                f"{place} of {filename.decode()}: build the shards again, or let python -m "
                "tfrecords_tools.verify --write_manifest measure the images."
            )
        sizes.add((int(height), int(width)))
    if not sizes:
        raise UserError(
            f"Expected records that can be read in {filenames[0]} and its siblings, found none: "
            "build or copy the shards again."
        )
    return tuple(sorted(sizes))
