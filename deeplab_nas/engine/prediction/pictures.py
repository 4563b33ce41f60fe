"""Image files to predict: read, and scaled as the files that the network was trained on."""

import tensorflow as tf

from deeplab_nas.data import image_files
from deeplab_nas.data.brightness.ranges import Range
from deeplab_nas.data.image_files import Picture
from deeplab_nas.errors import ImageError


def read(path: str, image_range: Range | None = None) -> tuple[bytes, Picture]:
    """Reads an image file.

    Args:
        path: The file, local or gs://.
        image_range: The numbers that are black and white, where it has more than 8 bits a channel.

    Returns:
        Its contents, and the picture.

    Raises:
        ImageError: It cannot be read, or nothing of it would be seen.
    """
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            raw = file.read()
    except tf.errors.OpError as error:
        raise ImageError(
            f"Expected a readable file at {path}, found none ({error.message})."
        ) from error
    picture = image_files.read(raw, path, image_range)
    if picture.blank:
        least, most = picture.numbers
        raise ImageError(
            f"Expected more than one brightness in {path}, whose numbers from {least} to {most} "
            f"all become one: give --image_range={least}:{most}, or that of the training."
        )
    return raw, picture


def warning(path: str, picture: Picture) -> str:
    """Says that a picture is all but black as the network sees it; empty where it is not."""
    if picture.numbers is None:
        return ""
    least, most = picture.numbers
    return (
        f"{path} is seen all but black: its numbers go from {least} to {most} of 65535, and the "
        f"training knows no range; give --image_range, such as 0:{2 ** int(most).bit_length() - 1}."
    )
