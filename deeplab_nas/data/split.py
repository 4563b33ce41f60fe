"""A split of a data set: where its records lie and what their labels mean, as one value."""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from deeplab_nas.data import examples, shard_index
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.data.shard_index import ShardIndex


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """The records of a split, any of which can be read by its number.

    Attributes:
        index: Where the records lie.
        descriptor: Facts of the data set, such as which label ids are right.
    """

    index: ShardIndex
    descriptor: DatasetDescriptor

    @classmethod
    def load(cls, descriptor: DatasetDescriptor, dataset_dir: str, name: str) -> "Split":
        """Finds the records of a split.

        Args:
            descriptor: Facts of the data set.
            dataset_dir: Folder of the shards, local or gs://.
            name: Name of the split, as for `shard_index.load`.

        Raises:
            UserError: The shards are missing or incomplete.
        """
        return cls(shard_index.load(dataset_dir, name), descriptor)

    def halves(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The fixed disjoint halves that a search trains on (paper, section 4.2).

        Args:
            seed: Seed of the run, 0..2^32 - 1, on which they depend alone.

        Returns:
            The numbers of the records of trainA and of trainB, int64; together every number once,
            trainA holding one more where the count is odd.
        """
        # The stream of RandomState is frozen over the versions of NumPy, that of Generator is not.
        numbers = np.random.RandomState(seed).permutation(self.index.num_examples).astype(np.int64)
        middle = (len(numbers) + 1) // 2
        return numbers[:middle], numbers[middle:]

    def reader(self) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
        """Makes the function that reads a record by its number, for use in `tf.data` maps.

        Returns:
            A function from a record's number, an int64 scalar, to its image, float32
            `[height, width, 3]` in 0..255, its label, uint8 `[height, width, 1]`, and its name, a
            scalar string. When run it raises what `input_errors` explains.
        """
        filenames = tf.constant(self.index.filenames)
        shards, offsets = tf.constant(self.index.shards), tf.constant(self.index.offsets)

        def read(number):
            serialized = shard_index.read_at(filenames[shards[number]], offsets[number])
            parsed = examples.parse(serialized)
            image, label = examples.decode(parsed)
            name = parsed[examples.IMAGE_FILENAME]
            return tf.cast(image, tf.float32), _checked(label, name, self.descriptor), name

        return read

    def names(self, numbers) -> list[str]:
        """Reads the names, `image/filename`, of the records of some numbers."""
        return [self._name(number) for number in numbers]

    def _name(self, number) -> str:
        filename = self.index.filenames[self.index.shards[number]]
        offset = tf.constant(self.index.offsets[number])
        parsed = examples.parse(shard_index.read_at(tf.constant(filename), offset))
        return parsed[examples.IMAGE_FILENAME].numpy().decode(errors="replace")


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
