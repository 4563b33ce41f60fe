import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import examples, input_errors
from tests import refusals
from tests.data import made_shards

IMAGE, LABEL = made_shards.numbered_example(7)


def encoded(image=None, label=None):
    return examples.encode(
        image_encoded=made_shards.png(IMAGE) if image is None else image,
        image_format="png",
        filename="a picture",
        height=20,
        width=30,
        label_encoded=made_shards.png(LABEL) if label is None else label,
    )


def decode(serialized):
    """Decodes in a graph, inside tf.data, as the pipeline does."""
    dataset = tf.data.Dataset.from_tensors(serialized).map(examples.parse).map(examples.decode)
    return dataset.get_single_element()


def huge_png():
    """A few bytes that claim a hundred gigapixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 400_000, 300_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk


def test_round_trip():
    image, label = decode(encoded())
    np.testing.assert_array_equal(image, IMAGE)
    np.testing.assert_array_equal(label[..., 0], LABEL)
    parsed = examples.parse(encoded())
    assert parsed["image/filename"] == b"a picture"
    assert (parsed["image/height"], parsed["image/width"]) == (20, 30)


def test_gray_jpeg_becomes_rgb():
    buffer = io.BytesIO()
    Image.fromarray(LABEL * 40).save(buffer, "jpeg")
    image, _ = decode(encoded(image=buffer.getvalue()))
    assert image.shape == (20, 30, 3)
    np.testing.assert_array_equal(image[..., 0], image[..., 2])


def palette_png():
    image = Image.fromarray(LABEL, mode="P")
    image.putpalette([200, 10, 10, 10, 200, 10])
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ({"image": b""}, "Expected the image of a picture to be a JPEG or PNG file."),
        ({"image": b"GIF89a"}, "Expected the image of a picture to be a JPEG or PNG file."),
        ({"label": b""}, "Expected the label of a picture to be an 8-bit grayscale PNG file."),
        ({"label": palette_png()}, "Expected the label of a picture to be an 8-bit grayscale PNG"),
        (
            {"label": made_shards.png(LABEL[:, :29])},
            "Expected image and label of a picture to have one size, found 20x30 and 20x29.",
        ),
        ({"image": huge_png()}, "pixels in the image of a picture, found 300000x400000."),
        ({"label": huge_png()}, "pixels in the label of a picture, found 300000x400000."),
    ],
)
def test_damage_is_told_in_one_sentence_that_names_the_file(damage, sentence):
    with refusals.refused(sentence), input_errors.as_user_errors():
        decode(encoded(**damage))


def test_other_errors_of_tensorflow_pass_through():
    with pytest.raises(tf.errors.NotFoundError), input_errors.as_user_errors():
        tf.io.read_file("/no/such/file")


def delimited(number, content):
    return bytes([8 * number + 2, len(content)]) + content


@pytest.mark.parametrize("length", [b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\x07", b"\x7f"])
def test_a_text_that_claims_to_be_longer_than_its_record_is_refused(length):
    feature = delimited(1, b"\x0a" + length)
    entry = delimited(1, examples.IMAGE_ENCODED.encode()) + delimited(2, feature)
    with pytest.raises(tf.errors.DataLossError):
        examples.parse(delimited(1, delimited(1, entry)))


@pytest.mark.parametrize("record", [b"no example", b"\xff\xfe", encoded()[:-1]])
def test_what_is_no_example_is_refused(record):
    with pytest.raises(tf.errors.DataLossError):
        examples.parse(record)


def changed(change):
    example = tf.train.Example.FromString(encoded())
    change(example.features.feature)
    return example.SerializeToString()


@pytest.mark.parametrize("key", [examples.IMAGE_ENCODED, examples.LABEL_ENCODED])
def test_a_record_without_image_or_label_is_refused(key):
    for change in (lambda features: features.pop(key), lambda features: features[key].Clear()):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"Expected {key} in every"):
            examples.parse(changed(change))


@pytest.mark.parametrize("key", [examples.IMAGE_ENCODED, examples.IMAGE_HEIGHT])
def test_two_values_none_and_another_type_are_refused(key):
    def twice(features):
        features[key].MergeFrom(type(features[key]).FromString(features[key].SerializeToString()))

    def empty(features):
        features[key].Clear()
        features[key].bytes_list.SetInParent()

    def number(features):
        features[key].float_list.value.append(1.0)

    for change in (twice, empty, number):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"right type in {key} of every"):
            examples.parse(changed(change))


def test_what_may_be_missing_has_its_default():
    def leave_out(features):
        for key in (examples.IMAGE_FILENAME, examples.IMAGE_FORMAT, examples.IMAGE_HEIGHT):
            del features[key]

    parsed = examples.parse(changed(leave_out))
    assert parsed[examples.IMAGE_FILENAME] == b""
    assert parsed[examples.IMAGE_FORMAT] == b"jpeg"
    assert parsed[examples.IMAGE_HEIGHT] == 0


def test_a_name_is_one_line_of_text():
    def name(features):
        features[examples.IMAGE_FILENAME].bytes_list.value[0] = b"\xffa\nb\xc2\x85\xc3\xa4"

    found = examples.parse(changed(name))[examples.IMAGE_FILENAME].numpy().decode()
    assert found == "\ufffda?b?ä"
