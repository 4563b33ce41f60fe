"""Reading the headers of files inside a graph."""

import tensorflow as tf


class ByteString:
    """The bytes of a string tensor; beyond its end there are zeros.

    Attributes:
        size: Number of bytes, an int64 scalar.
        values: The bytes and some zeros after them, uint8.
    """

    def __init__(self, contents):
        """Args: contents, a scalar string tensor."""
        values = tf.io.decode_raw(contents, tf.uint8)
        self.size = tf.size(values, tf.int64)
        self.values = tf.pad(values, [[0, 1]])

    def read(self, offsets):
        """The bytes at `offsets`, int64 of any shape, as int64 of that shape."""
        inside = tf.clip_by_value(tf.cast(offsets, tf.int64), 0, self.size)
        return tf.cast(tf.gather(self.values, inside), tf.int64)

    def number(self, offset, num_bytes, little_endian=False):
        """An unsigned integer of `num_bytes`; `offset` may have any shape, which the result has."""
        ahead = tf.range(num_bytes, dtype=tf.int64)
        read = self.read(tf.cast(offset, tf.int64)[..., None] + ahead)
        weights = tf.constant([256**i for i in range(num_bytes)], tf.int64)
        return tf.reduce_sum(read * tf.where(little_endian, weights, weights[::-1]), -1)

    def holds(self, offset, expected):
        """Whether the bytes at `offset` are `expected`, a Python `bytes`."""
        there = self.read(offset + tf.range(len(expected), dtype=tf.int64))
        return tf.reduce_all(there == list(expected))


def checked(contents, condition, *message):
    """Returns `contents` once a condition holds; else the run ends with InvalidArgument.

    Args:
        contents: Whatever depends on the check, so that it cannot be used before.
        condition: Scalar bool tensor.
        *message: Strings and tensors, joined without blanks.
    """
    parts = [
        part if part.dtype == tf.string else tf.strings.as_string(part)
        for part in map(tf.convert_to_tensor, message)
    ]
    with tf.control_dependencies([tf.debugging.Assert(condition, [tf.strings.join(parts)])]):
        return tf.identity(contents)
