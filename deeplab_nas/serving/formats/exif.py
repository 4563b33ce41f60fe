"""The orientation that a camera wrote into an image file (Exif 2.3, tag 0x0112)."""

import tensorflow as tf

# The second one is wrong and occurs; decoders take it.
_MAGIC = (0x002A, 0x2A00)
_ORIENTATION = 0x0112
# Size in bytes of a whole number by its type, signed or not.
_BYTES_OF_TYPE = {1: 1, 6: 1, 3: 2, 8: 2, 4: 4, 9: 4}
_ENTRY_BYTES = 12
_MOST_ENTRIES = 1000


def orientation(data, tiff, end):
    """Reads the orientation from a TIFF header.

    Args:
        data: `ByteString`.
        tiff: Offset of the header; negative if there is none.
        end: Offset after the segment that it is in.

    Returns:
        1 to 8, an int64 scalar; 1, which is upright, if it says nothing sensible.
    """
    little = data.holds(tiff, b"II")
    directory = tiff + data.number(tiff + 4, 4, little)
    num_entries = tf.minimum(data.number(directory, 2, little), _MOST_ENTRIES)
    entries = directory + 2 + _ENTRY_BYTES * tf.range(num_entries)
    found = data.number(entries, 2, little) == _ORIENTATION
    found &= (data.number(entries + 4, 4, little) == 1) & (entries + _ENTRY_BYTES <= end)
    found &= (tiff >= 0) & (little | data.holds(tiff, b"MM"))
    found &= tf.reduce_any(data.number(tiff + 2, 2, little) == _MAGIC)
    value = tf.zeros_like(entries)
    for kind, num_bytes in _BYTES_OF_TYPE.items():
        is_kind = data.number(entries + 2, 2, little) == kind
        value = tf.where(is_kind, data.number(entries + 8, num_bytes, little), value)
    value = tf.concat([[1], tf.boolean_mask(value, found)], 0)[-1]
    return tf.where((value >= 1) & (value <= 8), value, 1)


def upright(image, orientation):
    """Turns an image as its orientation says.

    Args:
        image: `[height, width, channels]`.
        orientation: As the function of that name gives it.

    Returns:
        The image, with height and width exchanged for 5 to 8.
    """

    def when(values, function, image):
        chosen = tf.reduce_any(orientation == values)
        return tf.cond(chosen, lambda: function(image), lambda: image)

    image = when([5, 6, 7, 8], lambda values: tf.transpose(values, [1, 0, 2]), image)
    image = when([2, 3, 6, 7], lambda values: values[:, ::-1], image)
    return when([3, 4, 7, 8], lambda values: values[::-1], image)
