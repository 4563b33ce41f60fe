"""Writes the TFRecord shards and the manifest of a split, all of them or nothing."""

import dataclasses
import functools
import itertools
import posixpath
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import examples, manifests, shard_index
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.errors import UserError
from tfrecords_tools import images, progress, workers

_Item = TypeVar("_Item")


@dataclasses.dataclass(frozen=True)
class LabeledImage:
    """One example before it is encoded.

    Attributes:
        name: Name of the image without folder and extension.
        image: The contents of the image file.
        label: The label ids, uint8 `[height, width]`.
    """

    name: str
    image: bytes
    label: np.ndarray


def write_split(
    output_dir: str,
    split: str,
    items: Sequence[_Item],
    load: Callable[[_Item], LabeledImage],
    descriptor: DatasetDescriptor,
    num_shards: int,
    num_workers: int = 1,
) -> manifests.Manifest:
    """Writes a split: ceil(N / shards) examples a shard, the manifest last.

    Every file is written under a temporary name. The shards get theirs when all are whole, so that
    an interrupted build leaves none behind.

    Args:
        output_dir: Folder of the shards, local or gs://; made if need be.
        split: Name of the split.
        items: What stands for the examples, in the order they are written.
        load: Makes an example of an item.
        descriptor: Facts of the data set; decides which label ids are right.
        num_shards: Shards to write; fewer if there are fewer examples.
        num_workers: Processes that call `load`, check and encode; see `workers.ordered_map`. The
            shards do not depend on it.

    Returns:
        The manifest that was written.

    Raises:
        UserError: If there are no examples, if the split has been built already, or if an image or
            label does not fit.
    """
    if not items:
        raise UserError(f"Expected examples for the split {split!r}, found none.")
    if num_shards < 1:
        raise UserError(f"Expected at least one shard, found --num_shards={num_shards}.")
    tf.io.gfile.makedirs(output_dir)
    old = tf.io.gfile.glob(posixpath.join(output_dir, f"{split}-?????-of-?????.tfrecord"))
    if old:
        raise UserError(
            f"Expected no shards of {split!r} in {output_dir}, found {len(old)}: remove them or "
            "name another --output_dir."
        )
    per_shard = -(-len(items) // num_shards)
    runs = [items[first : first + per_shard] for first in range(0, len(items), per_shard)]
    names = [
        posixpath.join(output_dir, shard_index.shard_name(split, number, len(runs)))
        for number in range(len(runs))
    ]
    serialize = functools.partial(_serialize, load, descriptor)
    encoded = workers.ordered_map(serialize, items, num_workers)
    tracked = progress.track(encoded, len(items), f"{descriptor.name} {split}")
    sizes = _write_whole(names, list(map(len, runs)), tracked)
    manifest = manifests.Manifest(
        dataset=descriptor.name,
        split=split,
        num_examples=len(items),
        shard_counts=tuple(map(len, runs)),
        num_classes=descriptor.num_classes,
        ignore_label=descriptor.ignore_label,
        class_names=descriptor.class_names,
        colormap=descriptor.colormap,
        image_sizes=tuple(sorted(sizes)),
    )
    manifests.write(manifest, output_dir)
    return manifest


def _write_whole(names, counts, encoded) -> set[tuple[int, int]]:
    temporary = [name + ".incomplete" for name in names]
    sizes = set()
    try:
        for name, count in zip(temporary, counts, strict=True):
            with tf.io.TFRecordWriter(name) as writer:
                for serialized, size in itertools.islice(encoded, count):
                    writer.write(serialized)
                    sizes.add(size)
    except BaseException:
        for name in filter(tf.io.gfile.exists, temporary):
            tf.io.gfile.remove(name)
        raise
    finally:
        # Ends the workers at once if the loop was left early.
        encoded.close()
    for source, target in zip(temporary, names, strict=True):
        tf.io.gfile.rename(source, target)
    return sizes


def _serialize(load, descriptor, item) -> tuple[bytes, tuple[int, int]]:
    example = load(item)
    image = images.read_image(example.image, example.name)
    images.check_label(example.label, image, example.name, descriptor)
    serialized = examples.encode(
        image_encoded=image.encoded,
        image_format=image.format,
        filename=example.name,
        height=image.height,
        width=image.width,
        label_encoded=images.encode_png(Image.fromarray(example.label)),
    )
    return serialized, (image.height, image.width)
