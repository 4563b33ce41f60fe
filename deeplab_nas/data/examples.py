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

# It is the name of a file, and stands in messages.
MAX_NAME_BYTES = 1000

# The features that are read, and what stands for those that a record may lack.
_REQUIRED = (IMAGE_ENCODED, LABEL_ENCODED)
_TEXTS = {
    IMAGE_ENCODED: "",
    LABEL_ENCODED: "",
    IMAGE_FILENAME: "",
    IMAGE_FORMAT: "jpeg",
    LABEL_FORMAT: "png",
}
_NUMBERS = {IMAGE_HEIGHT: 0, IMAGE_WIDTH: 0}


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
        Scalars by the official key: strings, and int64 height and width (0 where absent). The name
        of the image is one line of UTF-8 whatever the record holds.

    Raises:
        tf.errors.OpError: When run, if it is no tf.Example, lacks an image or a label, or holds
            something else under one of the keys. See `input_errors`.
    """
    keys = [*_TEXTS, *_NUMBERS]
    found = _features(serialized, keys)
    bytes_lists, int64_lists = _fields(found, "Feature", ["bytes_list", "int64_list"])
    texts = _only_values(bytes_lists[: len(_TEXTS)], "BytesList", tf.string, _TEXTS)
    numbers = _only_values(int64_lists[len(_TEXTS) :], "Int64List", tf.int64, _NUMBERS)
    counts = tf.concat([texts[1], numbers[1]], 0)
    lacking = tf.equal(found, "")
    required = tf.constant([key in _REQUIRED for key in keys])

    def refuse(wrong, before, after):
        key = tf.gather(tf.constant(keys), tf.argmax(wrong))
        message = [before, key, f" {after}: build the shards again"]
        return refuse_unless(~tf.reduce_any(wrong), message)

    checks = [
        refuse(lacking & required, "Expected ", "in every record of the shards, found one without"),
        refuse(
            ~lacking & (counts != 1),
            "Expected one value of the right type in ",
            "of every record of the shards, found something else",
        ),
    ]
    with tf.control_dependencies(checks):
        parsed = dict(zip(keys, [*tf.unstack(texts[0]), *tf.unstack(numbers[0])], strict=True))
    return {**parsed, IMAGE_FILENAME: _one_line(parsed[IMAGE_FILENAME])}


def image_values(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Takes the image file out of a tf.Example that need not hold anything else, in a graph.

    Args:
        serialized: A scalar string.

    Returns:
        The first of its image files, a scalar string, empty if there is none, and how many it
        holds, an int32 scalar.

    Raises:
        tf.errors.OpError: When run, if it is no tf.Example.
    """
    found = _features(serialized, [IMAGE_ENCODED])
    lists = _fields(found, "Feature", ["bytes_list"])
    values, counts = _only_values(lists[0], "BytesList", tf.string, {IMAGE_ENCODED: ""})
    return values[0], counts[0]


def _features(serialized: tf.Tensor, keys: list[str]) -> tf.Tensor:
    """The serialized tf.Features of some keys, `[keys]`; empty where there is none."""
    # Not by tf.io.parse_single_example: a record that claims a length of 2 GB ends the process
    # there, and what is no tf.Example is quoted in an error that Python cannot decode.
    (features,) = _fields(tf.reshape(serialized, [1]), "Example", ["features"])
    _, (entries,) = _decoded(features[0], "Features", ["feature"], [tf.string])
    names, values = _fields(entries, "Features.FeatureEntry", ["key", "value"])
    same = tf.equal(names, tf.constant(keys)[:, tf.newaxis])
    # The last one counts, as everywhere with protocol buffers.
    places = tf.reduce_max(tf.where(same, tf.range(tf.size(names)) + 1, 0), axis=1)
    return tf.gather(tf.concat([[""], values], 0), tf.maximum(places, 0))


def _only_values(lists: tf.Tensor, message: str, dtype: tf.DType, defaults: dict):
    """The first value of each serialized list, or its default, and how many values there are."""
    sizes, (values,) = _decoded(lists, message, ["value"], [dtype])
    instead = tf.constant(list(defaults.values()), dtype)
    first = tf.concat([values, instead[:, tf.newaxis]], 1)[:, 0]
    return tf.where(sizes[:, 0] > 0, first, instead), sizes[:, 0]


def _fields(serialized: tf.Tensor, message: str, names: list[str]) -> list[tf.Tensor]:
    """Serialized or string fields of messages `[n]`, each `[n]`; empty where there is none."""
    _, values = _decoded(serialized, message, names, [tf.string] * len(names))
    return [tf.strings.reduce_join(value, axis=1) for value in values]


def _decoded(serialized: tf.Tensor, message: str, names: list[str], dtypes: list):
    return tf.io.decode_proto(serialized, f"tensorflow.{message}", names, dtypes)


def _one_line(name: tf.Tensor) -> tf.Tensor:
    valid = tf.strings.unicode_transcode(name, "UTF-8", "UTF-8", errors="replace")
    line = tf.strings.regex_replace(valid, r"[\p{Cc}\p{Zl}\p{Zp}]", "?")
    short = tf.strings.length(line) <= MAX_NAME_BYTES
    message = [
        f"Expected at most {MAX_NAME_BYTES} bytes in {IMAGE_FILENAME} of every record of the "
        "shards, found more: build the shards again"
    ]
    with tf.control_dependencies([refuse_unless(short, message)]):
        return tf.identity(line)


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
