"""Image files to pixels inside a graph, safely: what cannot be right is refused before decoding."""

import tensorflow as tf

from deeplab_nas.serving.formats import jpeg_bytes, png_bytes
from deeplab_nas.serving.formats.byte_string import ByteString, checked

MAX_BYTES = 2**25
_FORMATS = (jpeg_bytes, png_bytes)


def decode(contents, place, max_pixels, image_range=None):
    """Decodes a JPEG or PNG, and turns it upright.

    The pixels are those that `image_files.read` gives.

    Args:
        contents: The file, a scalar string tensor.
        place: What to call it in messages, a scalar string tensor.
        max_pixels: Most pixels that are decoded.
        image_range: The numbers of a PNG of 16 bits that become black and white; None takes the
            higher 8 of the 16 bits.

    Returns:
        uint8 `[height, width, 3]`. Running it raises `InvalidArgumentError` for anything that is
        not such a file, is damaged or is larger than `max_pixels` or `MAX_BYTES`.
    """

    def check(contents, condition, *message):
        return checked(contents, condition, place, ": expected ", *message)

    def check_size(contents, height, width):
        found = [width, "x", height]
        contents = check(
            contents, (height > 0) & (width > 0), "an image with pixels, found ", *found
        )
        # Each side first: the product of two unchecked ones may overflow.
        small = (height <= max_pixels) & (width <= max_pixels)
        small &= tf.where(small, height * width, 0) <= max_pixels
        return check(contents, small, f"at most {max_pixels} pixels, found ", *found)

    length = tf.strings.length(contents)
    contents = check(contents, length <= MAX_BYTES, f"at most {MAX_BYTES} bytes, found ", length)
    data = ByteString(contents)

    def decode_as(module):
        def branch():
            image = module.decode(contents, data, check, check_size, image_range)
            return tf.ensure_shape(image, [None, None, 3])

        return branch

    def refuse():
        no = tf.constant(False)
        nothing = check(contents, no, "a JPEG or PNG image, found other bytes")
        return tf.reshape(tf.io.decode_raw(nothing, tf.uint8), [-1, 1, 3])

    known = tf.stack([module.is_mine(data) for module in _FORMATS])
    index = tf.where(tf.reduce_any(known), tf.argmax(tf.cast(known, tf.int32)), len(_FORMATS))
    branches = [*map(decode_as, _FORMATS), refuse]
    return tf.switch_case(tf.cast(index, tf.int32), branches)
