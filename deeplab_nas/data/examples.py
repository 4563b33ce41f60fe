"""The tf.Example schema of the official DeepLab converters, for writers and readers alike."""

import tensorflow as tf

IMAGE_ENCODED = "image/encoded"
IMAGE_FILENAME = "image/filename"
IMAGE_FORMAT = "image/format"
IMAGE_HEIGHT = "image/height"
IMAGE_WIDTH = "image/width"
IMAGE_CHANNELS = "image/channels"
LABEL_ENCODED = "image/segmentation/class/encoded"
LABEL_FORMAT = "image/segmentation/class/format"

# An image of a few kilobytes may claim any size in its header, and decoding allocates that size.
MAX_PIXELS = 2**26

_FEATURES = {
    IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string),
    IMAGE_FILENAME: tf.io.FixedLenFeature([], tf.string, default_value=""),
    IMAGE_FORMAT: tf.io.FixedLenFeature([], tf.string, default_value="jpeg"),
    IMAGE_HEIGHT: tf.io.FixedLenFeature([], tf.int64, default_value=0),
    IMAGE_WIDTH: tf.io.FixedLenFeature([], tf.int64, default_value=0),
    LABEL_ENCODED: tf.io.FixedLenFeature([], tf.string),
    LABEL_FORMAT: tf.io.FixedLenFeature([], tf.string, default_value="png"),
}


def encode(
    image_encoded: bytes,
    image_format: str,
    filename: str,
    height: int,
    width: int,
    label_encoded: bytes,
) -> bytes:
    """Serializes one labelled image.

    Args:
        image_encoded: The RGB image as a JPEG or PNG file.
        image_format: `jpeg` or `png`.
        filename: Name of the image, for messages and for predictions on disk.
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        label_encoded: The label ids as an 8-bit grayscale PNG file.

    Returns:
        A serialized tf.Example with the official keys.
    """
    example = tf.train.Example()
    features = example.features.feature
    for key, text in (
        (IMAGE_ENCODED, image_encoded),
        (IMAGE_FILENAME, filename.encode()),
        (IMAGE_FORMAT, image_format.encode()),
        (LABEL_ENCODED, label_encoded),
        (LABEL_FORMAT, b"png"),
    ):
        features[key].bytes_list.value.append(text)
    for key, number in ((IMAGE_HEIGHT, height), (IMAGE_WIDTH, width), (IMAGE_CHANNELS, 3)):
        features[key].int64_list.value.append(number)
    # The order of a map differs from process to process otherwise.
    return example.SerializeToString(deterministic=True)


def parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """Parses a serialized tf.Example, in a graph.

    Args:
        serialized: A scalar string.

    Returns:
        Scalars by the official key: strings, and int64 height and width (0 where absent).
    """
    return tf.io.parse_single_example(serialized, _FEATURES)


def decode(parsed: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes the image and the label of a parsed example, in a graph.

    Args:
        parsed: What `parse` returned.

    Returns:
        The image, uint8 `[height, width, 3]`, and the label ids, uint8 `[height, width, 1]`.

    Raises:
        tf.errors.InvalidArgumentError: When run, if a file is not what the schema says, is larger
            than `MAX_PIXELS`, or if the two sizes differ. See `input_errors`.
    """
    name = parsed[IMAGE_FILENAME]
    image = _decode_image(parsed[IMAGE_ENCODED], name)
    label = _decode_label(parsed[LABEL_ENCODED], name)
    sizes = tf.shape(image)[:2], tf.shape(label)[:2]
    same = tf.reduce_all(sizes[0] == sizes[1])
    found = [_text(sizes[0]), " and ", _text(sizes[1])]
    message = ["Expected image and label of ", name, " to have one size, found ", *found]
    with tf.control_dependencies([refuse_unless(same, message)]):
        return tf.identity(image), tf.identity(label)


def refuse_unless(condition: tf.Tensor, message: list) -> tf.Operation | None:
    """Stops the input pipeline, in a graph, with one sentence.

    Args:
        condition: A scalar boolean.
        message: Pieces of the sentence, each a Python string or a scalar string tensor; a full
            stop is added.

    Returns:
        The operation that checks, to depend upon.
    """
    sentence = tf.strings.join([*message, "."])
    return tf.debugging.Assert(condition, [sentence])


def _decode_image(encoded: tf.Tensor, name: tf.Tensor) -> tf.Tensor:
    header = _header(encoded)
    is_png = _starts_with(header, b"\x89PNG")
    is_jpeg = _starts_with(header, b"\xff\xd8")
    message = ["Expected the image of ", name, " to be a JPEG or PNG file"]
    with tf.control_dependencies([refuse_unless(is_png | is_jpeg, message)]):
        size = tf.cond(
            is_png,
            lambda: _png_size(header),
            lambda: tf.cast(tf.image.extract_jpeg_shape(encoded)[:2], tf.int64),
        )
    with tf.control_dependencies([_refuse_bomb(size, "image", name)]):
        image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.ensure_shape(image, [None, None, 3])


def _decode_label(encoded: tf.Tensor, name: tf.Tensor) -> tf.Tensor:
    header = _header(encoded)
    # Bit depth 8 and colour type 0. A palette would be turned into luminance by decode_png, not
    # into ids.
    is_gray = _starts_with(header, b"\x89PNG") & tf.reduce_all(header[24:26] == [8, 0])
    message = ["Expected the label of ", name, " to be an 8-bit grayscale PNG file"]
    checks = [refuse_unless(is_gray, message), _refuse_bomb(_png_size(header), "label", name)]
    with tf.control_dependencies(checks):
        return tf.io.decode_png(encoded, channels=1)


def _header(encoded: tf.Tensor) -> tf.Tensor:
    """Reads the first 26 bytes, up to the colour type of a PNG file; zeros where it is shorter."""
    return tf.cast(tf.io.decode_raw(encoded, tf.uint8, fixed_length=26), tf.int64)


def _starts_with(header: tf.Tensor, signature: bytes) -> tf.Tensor:
    return tf.reduce_all(header[: len(signature)] == list(signature))


def _png_size(header: tf.Tensor) -> tf.Tensor:
    """Reads `[height, width]`, int64, from the header of a PNG file: two big-endian uint32."""
    width, height = (
        tf.tensordot(header[first : first + 4], tf.constant([2**24, 2**16, 2**8, 1], tf.int64), 1)
        for first in (16, 20)
    )
    return tf.stack([height, width])


def _refuse_bomb(size: tf.Tensor, kind: str, name: tf.Tensor) -> tf.Operation | None:
    return refuse_unless(
        tf.reduce_prod(size) <= MAX_PIXELS,
        [f"Expected at most {MAX_PIXELS} pixels in the {kind} of ", name, ", found ", _text(size)],
    )


def _text(size: tf.Tensor) -> tf.Tensor:
    return tf.strings.reduce_join(tf.strings.as_string(size), separator="x")
