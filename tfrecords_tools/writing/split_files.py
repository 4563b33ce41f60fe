"""The files of one split in a folder of shards: those that are whole, and those on the way."""

import dataclasses
import posixpath
import re

import tensorflow as tf

from deeplab_nas.files import atomic

# Ends the name of a shard that is whole while others of its split are not.
COMPLETE = ".complete"


@dataclasses.dataclass(frozen=True)
class ShardFile:
    """A shard, or what is to become one.

    Attributes:
        path: The file.
        number: Number of the shard.
        suffix: What follows the name of the shard: nothing, `COMPLETE` or `atomic.PARTIAL`.
    """

    path: str
    number: int
    suffix: str

    def num_bytes(self) -> int:
        """Size of the file."""
        return tf.io.gfile.stat(self.path).length


def find(output_dir: str, split: str) -> list[ShardFile]:
    """The shards of a split, of any number of them, sorted by name; none without the folder."""
    suffix = f"{re.escape(COMPLETE)}|{re.escape(atomic.PARTIAL)}|"
    pattern = re.compile(rf"{re.escape(split)}-(\d{{5}})-of-\d{{5}}\.tfrecord({suffix})")
    names = tf.io.gfile.listdir(output_dir) if tf.io.gfile.isdir(output_dir) else ()
    matches = filter(None, map(pattern.fullmatch, sorted(names)))
    return [
        ShardFile(posixpath.join(output_dir, match[0]), int(match[1]), match[2])
        for match in matches
    ]
