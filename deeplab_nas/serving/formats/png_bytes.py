"""PNG files: the size from IHDR, the orientation from an eXIf chunk before the pixels."""

import tensorflow as tf

from deeplab_nas.serving.formats import exif
from deeplab_nas.serving.formats.attempt import attempt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS = 1000


def is_mine(data):
    """Whether a `ByteString` begins like a PNG file."""
    return data.holds(0, _SIGNATURE)


def decode(contents, data, check, check_size):
    """Decodes the file; the arguments are those that `image_decoder.decode` makes."""
    contents = check(contents, data.holds(12, b"IHDR"), "IHDR as the first chunk of a PNG")
    contents = check_size(contents, data.number(20, 4), data.number(16, 4))
    image = attempt(_decode, contents, tf.zeros([0, 0, 3], tf.uint8))
    image = check(image, tf.size(image) > 0, "an intact PNG image, found a damaged one")
    return exif.upright(image, exif.orientation(data, *_tiff_chunk(data)))


def _decode(contents):
    return tf.io.decode_png(contents, channels=3)


def _tiff_chunk(data):
    """Offsets of the TIFF header in an eXIf chunk, or -1, and of the end of the chunk."""

    def more(offset, found, count):
        pixels = data.holds(offset + 4, b"IDAT")
        return (found < 0) & ~pixels & (offset < data.size) & (count < _MOST_CHUNKS)

    def body(offset, found, count):
        found = tf.where(data.holds(offset + 4, b"eXIf"), offset + 8, found)
        return offset + 12 + data.number(offset, 4), found, count + 1

    start = [tf.constant(8, tf.int64), tf.constant(-1, tf.int64), tf.constant(0)]
    tiff = tf.while_loop(more, body, start)[1]
    return tiff, tiff + data.number(tiff - 8, 4)
