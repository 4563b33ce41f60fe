"""Reads any one record of a split, checks its labels, and hands out image, label and name."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from deeplab_nas.data import examples, shard_index
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.data.shard_index import ShardIndex


def reader(
    index: ShardIndex, descriptor: DatasetDescriptor
) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """Makes the function that reads an example by its number, for use in `tf.data` maps.

    Args:
        index: Where the records lie.
        descriptor: Which label ids are right.

    Returns:
        A function from an example number, an int64 scalar, to its image, float32
        `[height, width, 3]` in 0..255, its label, uint8 `[height, width, 1]`, and its name, a
        scalar string. When run it raises what `input_errors` explains.
    """
    filenames = tf.constant(index.filenames)
    shards, offsets = tf.constant(index.shards), tf.constant(index.offsets)

    def read(number):
        serialized = shard_index.read_at(filenames[shards[number]], offsets[number])
        parsed = examples.parse(serialized)
        image, label = examples.decode(parsed)
        name = parsed[examples.IMAGE_FILENAME]
        return tf.cast(image, tf.float32), _checked(label, name, descriptor), name

    return read


def names(index: ShardIndex, numbers) -> list[str]:
    """Reads the names of some examples.

    Args:
        index: Where the records lie.
        numbers: Numbers of the examples.

    Returns:
        Their `image/filename`.
    """

    def name(number):
        filename = index.filenames[index.shards[number]]
        serialized = shard_index.read_at(tf.constant(filename), tf.constant(index.offsets[number]))
        return examples.parse(serialized)[examples.IMAGE_FILENAME].numpy().decode(errors="replace")

    return [name(number) for number in numbers]


def _checked(label: tf.Tensor, name: tf.Tensor, descriptor: DatasetDescriptor) -> tf.Tensor:
    allowed = np.arange(256) < descriptor.num_classes
    allowed[descriptor.ignore_label] = True
    wrong = tf.logical_not(tf.gather(tf.constant(allowed), tf.cast(label, tf.int32)))
    worst = tf.reduce_max(tf.where(wrong, tf.cast(label, tf.int32), -1))
    known = examples.refuse_unless(
        worst < 0,
        [
            f"Expected label ids below {descriptor.num_classes} or the ignore label "
            f"{descriptor.ignore_label} of {descriptor.name!r}, found ",
            tf.strings.as_string(worst),
            " in the label of ",
            name,
            ": map the id or name the right data set",
        ],
    )
    with tf.control_dependencies([known]):
        return tf.identity(label)
