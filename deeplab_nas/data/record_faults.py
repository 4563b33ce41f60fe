"""Tells which records cannot be used, by shard and place, and why."""

import contextlib
import posixpath
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import tensorflow as tf

from deeplab_nas.data import input_errors
from deeplab_nas.data.split import Split
from deeplab_nas.errors import UserError

# What TensorFlow raises where a record cannot be used. Others, such as for want of memory, need no
# look at all records.
ERRORS = (tf.errors.DataLossError, tf.errors.InvalidArgumentError)

# Lines of an error of TensorFlow that say where in the graph it arose.
_NOISE = ("Graph execution error", "Detected at", "<stack", "\t", " ", "[[")


def place(split: Split, number: int) -> str:
    """Names a record, such as `train-00002-of-00004.tfrecord, record 17`, counted from 0."""
    index = split.index
    shard = int(index.shards[number])
    first = int(np.searchsorted(index.shards, shard))
    return f"{posixpath.basename(index.filenames[shard])}, record {number - first}"


def read_or_fault(read: Callable, split: Split, number: int) -> tuple | str:
    """Reads a record.

    Args:
        read: What reads the records, such as `split.reader()`.
        split: Where the records lie.
        number: Number of the record.

    Returns:
        What `read` returns, or, if it cannot be used, a sentence that names its place.
    """
    try:
        return read(tf.constant(number, tf.int64))
    except tf.errors.OpError as error:
        return f"{place(split, number)}: {_reason(error)}"


def find(split: Split, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Reads records and tells those that cannot be used.

    Args:
        split: Where the records lie.
        numbers: Numbers of the records to read.

    Yields:
        The number of each that cannot be used, and a sentence that names its place.
    """
    read = tf.function(split.reader(), autograph=False)
    for number in numbers:
        found = read_or_fault(read, split, number)
        if isinstance(found, str):
            yield int(number), found


@contextlib.contextmanager
def named(split: Split) -> Iterator[None]:
    """Names the record where one of a split ends what is done with all of them.

    Args:
        split: Where the records lie.

    Raises:
        UserError: In place of a `tf.errors.OpError` whose cause is a record.
    """
    try:
        yield
    except ERRORS as error:
        for _, fault in find(split, range(split.index.num_examples)):
            raise UserError(fault) from error
        raise


def _reason(error: tf.errors.OpError) -> str:
    told = input_errors.user_error(error)
    if told:
        return str(told)
    lines = [line for line in error.message.splitlines() if line and not line.startswith(_NOISE)]
    reason = lines[-1].rstrip(".") if lines else type(error).__name__
    return f"Expected an image and a label that can be decoded, found: {reason}."
