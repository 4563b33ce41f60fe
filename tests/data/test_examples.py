import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from deeplab_nas.data import examples, input_errors
from deeplab_nas.errors import UserError
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
    with pytest.raises(UserError) as told, input_errors.as_user_errors():
        decode(encoded(**damage))
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


def test_other_errors_of_tensorflow_pass_through():
    with pytest.raises(tf.errors.NotFoundError), input_errors.as_user_errors():
        tf.io.read_file("/no/such/file")
