"""Turns what goes wrong while a file is written into one sentence."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from deeplab_nas.errors import UserError


@contextlib.contextmanager
def as_user_errors(where: str, advice: str) -> Iterator[None]:
    """Raises `UserError` for what the file system refuses, such as for want of room.

    Args:
        where: The file or folder that is written.
        advice: What to do, such as `make room there`.

    Raises:
        UserError: In place of a `tf.errors.OpError` or an `OSError`.
    """
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        reason = error.message if isinstance(error, tf.errors.OpError) else str(error)
        first_line = next(iter(reason.strip().splitlines()), type(error).__name__)
        raise UserError(
            f"Expected to write to {where}, but that failed ({first_line}): {advice}."
        ) from error
