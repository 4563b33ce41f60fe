"""Whatever is sent as an image gets the right answer or InvalidArgument, and the next is served."""

import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.data import image_files
from deeplab_nas.engine.prediction import signatures
from tests.serving import fuzz_images, made_images

_RIGHT, _WRONG = made_images.right(), made_images.wrong()


def png_of(served, *files):
    answer = served[signatures.FROM_BYTES](image_bytes=tf.constant(files))
    encoded = answer[signatures.PNG_BYTES].numpy()
    return [np.array(PIL.Image.open(io.BytesIO(png))) for png in encoded]


def pillow(raw):
    return np.array(image_files.to_rgb(image_files.open_image(raw, "image"), "image"))


def test_there_are_enough_cases():
    assert len(_RIGHT) >= 20
    assert len(_WRONG) >= 30
    assert len(made_images.bomb()) < 2**17


@pytest.mark.parametrize("name", _RIGHT)
def test_a_right_image_is_seen_as_pillow_sees_it(served, name):
    pixels = pillow(_RIGHT[name])
    expected = served[signatures.SERVING_DEFAULT](images=tf.constant(pixels[None]))
    (found,) = png_of(served, _RIGHT[name])
    np.testing.assert_array_equal(found, expected[signatures.PREDICTIONS][0])


@pytest.mark.parametrize("name", _WRONG)
def test_a_wrong_image_is_refused_with_a_reason(served, name):
    raw, reason = _WRONG[name]
    with pytest.raises(tf.errors.InvalidArgumentError, match=reason):
        png_of(served, raw)
    (found,) = png_of(served, _RIGHT["png"])
    assert found.shape == pillow(_RIGHT["png"]).shape[:2]


def test_a_wrong_image_among_right_ones_is_named(served):
    good = _RIGHT["jpeg"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="image 2 of the request"):
        png_of(served, good, good, b"text", good)


def test_images_of_different_sizes_in_one_request(served):
    files = [_RIGHT[name] for name in ("png", "1x5000", "jpeg turned 6", "one pixel")]
    together = png_of(served, *files)
    for raw, found in zip(files, together, strict=True):
        assert found.shape == pillow(raw).shape[:2]
        np.testing.assert_array_equal(found, png_of(served, raw)[0])


@pytest.mark.parametrize("shape", [(1, 0, 5, 3), (1, 5, 0, 3), (1, 300, 300, 3)])
def test_pixels_are_checked_as_well(served, shape):
    images = tf.zeros(shape, tf.uint8)
    for name in (signatures.SERVING_DEFAULT, signatures.PROBABILITIES):
        with pytest.raises(tf.errors.InvalidArgumentError, match="expected 1 to 65536 pixels"):
            served[name](images=images)


def test_bytes_that_are_no_example_are_refused(served):
    with pytest.raises(tf.errors.InvalidArgumentError):
        served[signatures.FROM_EXAMPLES](examples=tf.constant([b"no example"]))
    empty = tf.train.Example().SerializeToString()
    with pytest.raises(tf.errors.InvalidArgumentError, match="image/encoded"):
        served[signatures.FROM_EXAMPLES](examples=tf.constant([empty]))


@pytest.mark.slow
def test_damaged_images_are_refused_or_answered(served):
    counts = fuzz_images.run(served[signatures.FROM_BYTES], seconds=10)
    assert counts["answered"] + counts["refused"] == counts["requests"]
    assert min(counts["answered"], counts["refused"], counts["compared"]) > 10
