"""BMP files of 24 or 32 bits a pixel without compression."""

import tensorflow as tf


def is_mine(data):
    """Whether a `ByteString` begins like a BMP file."""
    return data.holds(0, b"BM")


def decode(contents, data, check, check_size):
    """Decodes the file; the arguments are those that `image_decoder.decode` makes."""
    header, compression = (data.number(offset, 4, True) for offset in (14, 30))
    bits = data.number(28, 2, True)
    plain = (header >= 40) & ((bits == 24) | (bits == 32)) & (compression == 0)
    contents = check(
        contents,
        plain,
        "a BMP of 24 or 32 bits a pixel without compression, found ",
        bits,
        " bits and compression ",
        compression,
    )
    # The rows of a negative height go down.
    height = tf.cast(tf.cast(data.number(22, 4, True), tf.int32), tf.int64)
    contents = check_size(contents, tf.abs(height), data.number(18, 4, True))
    return tf.io.decode_bmp(contents)[..., :3]
