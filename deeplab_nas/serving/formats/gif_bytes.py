"""GIF files: the first frame, cut out, so that the others cost nothing."""

import tensorflow as tf

_HEADER_BYTES = 13
_DESCRIPTOR_BYTES = 10
_EXTENSION, _IMAGE = 0x21, 0x2C
_MOST_BLOCKS = 2**16


def is_mine(data):
    """Whether a `ByteString` begins like a GIF file."""
    return data.holds(0, b"GIF87a") | data.holds(0, b"GIF89a")


def decode(contents, data, check, check_size):
    """Decodes the first frame; the arguments are those that `image_decoder.decode` makes."""
    width, height = (data.number(offset, 2, True) for offset in (6, 8))
    contents = check_size(contents, height, width)
    table_end = _HEADER_BYTES + _color_table_bytes(data.read(10))
    frame, count = _first_frame(data, table_end)
    contents = check(contents, data.read(frame) == _IMAGE, "a frame in a GIF, found none")
    left, top, columns, rows = (data.number(frame + i, 2, True) for i in (1, 3, 5, 7))
    covers = (left == 0) & (top == 0) & (columns == width) & (rows == height)
    contents = check(contents, covers, "a first frame that covers the GIF, found a smaller one")
    pixels = frame + _DESCRIPTOR_BYTES + _color_table_bytes(data.read(frame + 9)) + 1
    end, count = _after_blocks(data, pixels, count)
    whole = (end <= data.size) & (count < _MOST_BLOCKS)
    contents = check(
        contents, whole, f"a whole first frame in at most {_MOST_BLOCKS} blocks of a GIF"
    )
    # Without the extensions no colour is transparent, as when Pillow converts to RGB.
    parts = [
        tf.strings.substr(contents, tf.zeros_like(frame), table_end),
        tf.strings.substr(contents, frame, end - frame),
        ";",
    ]
    return tf.io.decode_gif(tf.strings.join(parts))[0]


def _color_table_bytes(flags):
    """Size of the colour table that the flags of a header announce."""
    sizes = tf.constant([3 * 2 ** (i + 1) for i in range(8)], tf.int64)
    return tf.where(flags >= 128, tf.gather(sizes, flags % 8), 0)


def _first_frame(data, offset):
    """Offset of the first block that is not an extension, and the number of blocks until there."""

    def more(offset, count):
        return (data.read(offset) == _EXTENSION) & (count < _MOST_BLOCKS)

    def body(offset, count):
        return _after_blocks(data, offset + 2, count)

    return tf.while_loop(more, body, [offset, tf.constant(0)])


def _after_blocks(data, offset, count):
    """Skips a chain of blocks, each of which begins with its size, until the one of size 0.

    Args:
        data: `ByteString`.
        offset: Of the chain.
        count: Number of blocks that were skipped before.

    Returns:
        The offset after the chain, and `count` with the blocks of the chain.
    """

    def more(offset, count):
        return (data.read(offset) > 0) & (count < _MOST_BLOCKS)

    def body(offset, count):
        return offset + 1 + data.read(offset), count + 1

    end, count = tf.while_loop(more, body, [offset, count])
    return end + 1, count + 1
