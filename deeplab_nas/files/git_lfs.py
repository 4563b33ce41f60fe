"""Git LFS pointers: the small texts that a clone holds in the place of files it has not fetched."""

import tensorflow as tf

from deeplab_nas.errors import UserError

_BEGINNING = b"version https://git-lfs"
NUM_BYTES = len(_BEGINNING)


def refuse_pointer(head: bytes, name: str, error: type[UserError] = UserError) -> None:
    """Refuses a file that is a pointer.

    Args:
        head: The first bytes of the file, `NUM_BYTES` of them or more.
        name: Name of the file, for messages.
        error: What is raised.

    Raises:
        UserError: The file is a Git LFS pointer.
    """
    if head.startswith(_BEGINNING):
        raise error(f"{name} is a Git LFS pointer and not the file itself: run git lfs pull.")


def refuse_pointers_in_place_of(prefix: str) -> None:
    """Raises `UserError` where a file of the checkpoint with this prefix is a pointer."""
    for path in (f"{prefix}.index", f"{prefix}.data-00000-of-00001"):
        if tf.io.gfile.exists(path):
            with tf.io.gfile.GFile(path, "rb") as file:
                refuse_pointer(file.read(NUM_BYTES), path)
