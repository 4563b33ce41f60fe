"""Turns what a data set does wrong while it is read into one sentence."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf

from deeplab_nas.errors import UserError

_ASSERTION = re.compile(r"assertion failed: \[(Expected .*\.)\]", re.DOTALL)


@contextlib.contextmanager
def as_user_errors() -> Iterator[None]:
    """Raises `UserError` for the errors of TensorFlow that a bad data set causes.

    Wrap the loop that draws batches, or the call of the step that does.

    Raises:
        UserError: In place of a `tf.errors.OpError` that `user_error` knows.
    """
    try:
        yield
    except tf.errors.OpError as error:
        told = user_error(error)
        if told is None:
            raise
        raise told from error


def user_error(error: tf.errors.OpError) -> UserError | None:
    """Finds the sentence in an error of the input pipeline.

    Args:
        error: What a dataset iterator raised.

    Returns:
        The error to show to the user, or None if the error is not about the data.
    """
    assertion = _ASSERTION.search(error.message)
    if assertion:
        return UserError(assertion.group(1))
    if isinstance(error, tf.errors.DataLossError):
        what = re.search(r"(corrupted|truncated) record at \d+", error.message)
        return UserError(
            f"Expected intact TFRecord shards, found a {what.group(0) if what else 'damaged one'}: "
            "build the shards again."
        )
    return None
