"""JPEG files: the size and the orientation from the segments before the first scan."""

import tensorflow as tf

from deeplab_nas.serving.formats import exif
from deeplab_nas.serving.formats.attempt import attempt

_EXIF = b"Exif\0\0"
_APP1, _START_OF_SCAN = 0xE1, 0xDA
# Restarts, the begin and the end of the image, and reserved ones.
_WITHOUT_LENGTH = (0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE))
# A file of many scans costs as much time as that many images.
_MOST_SCANS = 100
_MOST_STEPS = 2**14
_INTACT = "an intact JPEG image, found a damaged one"


def is_mine(data):
    """Whether a `ByteString` begins like a JPEG file."""
    return data.holds(0, b"\xff\xd8\xff")


def decode(contents, data, check, check_size, image_range):
    """Decodes the file, of 8 bits; the arguments are those that `image_decoder.decode` makes."""
    del image_range
    shape = attempt(tf.io.extract_jpeg_shape, contents, tf.fill([3], -1))
    contents = check(contents, shape[2] > 0, _INTACT)
    height, width, channels = tf.unstack(tf.cast(shape, tf.int64))
    contents = check_size(contents, height, width)
    contents = check(
        contents, channels != 4, "grey or colour, found four inks (CMYK): convert it to RGB"
    )
    scans = tf.reduce_sum(
        tf.cast((data.values[:-1] == 0xFF) & (data.values[1:] == _START_OF_SCAN), tf.int32)
    )
    contents = check(contents, scans <= _MOST_SCANS, f"at most {_MOST_SCANS} scans, found ", scans)
    image = attempt(_decode, contents, tf.zeros([0, 0, 3], tf.uint8))
    image = check(image, tf.size(image) > 0, _INTACT)
    return exif.upright(image, exif.orientation(data, *_tiff_segment(data)))


def _decode(contents):
    # Pillow's arithmetic; the default is faster and less exact.
    return tf.io.decode_jpeg(contents, channels=3, dct_method="INTEGER_ACCURATE")


def _tiff_segment(data):
    """Offsets of the TIFF header in the Exif segment, or -1, and of the end of the segment."""

    def more(offset, found, count):
        scan = (data.read(offset) == 0xFF) & (data.read(offset + 1) == _START_OF_SCAN)
        return (found < 0) & ~scan & (offset < data.size) & (count < _MOST_STEPS)

    def body(offset, found, count):
        code = data.read(offset + 1)
        # Decoders pass over bytes between segments, and so over more than one 0xFF.
        between = (data.read(offset) != 0xFF) | (code == 0xFF) | (code == 0)
        alone = tf.reduce_any(code == _WITHOUT_LENGTH)
        is_exif = ~between & (code == _APP1) & data.holds(offset + 4, _EXIF)
        found = tf.where(is_exif, offset, found)
        step = tf.where(alone, tf.constant(2, tf.int64), 2 + data.number(offset + 2, 2))
        return offset + tf.where(between, tf.constant(1, tf.int64), step), found, count + 1

    start = [tf.constant(2, tf.int64), tf.constant(-1, tf.int64), tf.constant(0)]
    segment = tf.while_loop(more, body, start)[1]
    tiff = tf.where(segment >= 0, segment + 4 + len(_EXIF), -1)
    return tiff, segment + 2 + data.number(segment + 2, 2)
