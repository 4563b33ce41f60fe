"""PNG files: the size from IHDR, the orientation from an eXIf chunk before the pixels."""

import tensorflow as tf

from deeplab_nas.data.brightness import ranges
from deeplab_nas.serving.formats import exif
from deeplab_nas.serving.formats.attempt import attempt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS = 1000
_BIT_DEPTH = 24


def is_mine(data):
    """Whether a `ByteString` begins like a PNG file."""
    return data.holds(0, _SIGNATURE)


def decode(contents, data, check, check_size, image_range):
    """Decodes the file; the arguments are those that `image_decoder.decode` makes."""
    contents = check(contents, data.holds(12, b"IHDR"), "IHDR as the first chunk of a PNG")
    contents = check_size(contents, data.number(20, 4), data.number(16, 4))
    image = attempt(_decoder(data, image_range), contents, tf.zeros([0, 0, 3], tf.uint8))
    image = check(image, tf.size(image) > 0, "an intact PNG image, found a damaged one")
    return exif.upright(image, exif.orientation(data, *_tiff_chunk(data)))


def _decoder(data, image_range):
    def of_8_bits(contents):
        # Of 16 bits the higher ones.
        return tf.io.decode_png(contents, channels=3)

    if image_range is None:
        return of_8_bits
    brightness = tf.constant(ranges.table(image_range))
    is_deep = data.number(_BIT_DEPTH, 1) == 16

    def of_any(contents):
        def of_16_bits():
            numbers = tf.io.decode_png(contents, channels=3, dtype=tf.uint16)
            return tf.gather(brightness, tf.cast(numbers, tf.int32))

        return tf.cond(is_deep, of_16_bits, lambda: of_8_bits(contents))

    return of_any


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
