"""Whatever is sent as an image gets the right answer or InvalidArgument, and the next is served."""

import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from deeplab_nas.data import image_files
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.serving import exporter, service
from deeplab_nas.serving.export_config import ExportConfig
from tests.serving import fuzz_images, made_examples, made_images

_RIGHT, _WRONG = made_images.right(), made_images.wrong()
_RIGHT_EXAMPLES, _WRONG_EXAMPLES = made_examples.right(), made_examples.wrong()


def png_of(served, *files):
    return pictures(served[signatures.FROM_BYTES](image_bytes=tf.constant(files, tf.string)))


def png_of_examples(served, *examples):
    return pictures(served[signatures.FROM_EXAMPLES](examples=tf.constant(examples, tf.string)))


def pictures(answer):
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
def test_a_wrong_image_is_refused_with_its_place_and_a_reason(served, name):
    raw, reason = _WRONG[name]
    good = _RIGHT["png"]
    sentence = f"image 2 of the request: .*{reason}"
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        png_of(served, good, good, raw, good)
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        png_of_examples(served, *map(service.example, (good, good, raw, good)))
    (found,) = png_of(served, good)
    assert found.shape == pillow(good).shape[:2]


@pytest.mark.parametrize("name", _RIGHT_EXAMPLES)
def test_a_right_example_is_answered_as_its_image_is(served, name):
    serialized, raw = _RIGHT_EXAMPLES[name]
    (found,), (expected,) = png_of_examples(served, serialized), png_of(served, raw)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", _WRONG_EXAMPLES)
def test_a_wrong_example_is_refused_with_its_place_and_a_reason(served, name):
    serialized, reason = _WRONG_EXAMPLES[name]
    good = service.example(_RIGHT["png"])
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"image 1 of the req.*{reason}"):
        png_of_examples(served, good, serialized)
    (found,) = png_of_examples(served, good)
    assert found.shape == pillow(_RIGHT["png"]).shape[:2]


@pytest.mark.parametrize("count", [0, service.MOST_IMAGES + 1])
def test_the_images_of_a_request_are_counted(served, count):
    for ask, one in ((png_of, b""), (png_of_examples, b"")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"1 to 256 images, found {count}"):
            ask(served, *[one] * count)


def test_images_of_different_sizes_in_one_request(served):
    files = [_RIGHT[name] for name in ("png", "1x5000", "jpeg turned 6", "one pixel")]
    together = png_of(served, *files)
    for raw, found in zip(files, together, strict=True):
        assert found.shape == pillow(raw).shape[:2]
        np.testing.assert_array_equal(found, png_of(served, raw)[0])


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((1, 0, 5, 3), "1 of 5x0"),
        ((1, 5, 0, 3), "1 of 0x5"),
        ((0, 5, 4, 3), "0 of 4x5"),
        ((0, 2**30, 2**30, 3), f"0 of {2**30}x{2**30}"),
        ((1, 300, 300, 3), "1 of 300x300"),
        ((3, 200, 200, 3), "3 of 200x200"),
    ],
)
def test_the_pixels_of_a_batch_are_bounded(served, shape, found):
    for name in (signatures.SERVING_DEFAULT, signatures.PROBABILITIES):
        sentence = f"images: expected 1 to 65536 pixels in all, found {found}"
        with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
            served[name](images=tf.zeros(shape, tf.uint8))


def test_a_batch_of_as_many_pixels_as_allowed_is_answered(served):
    images = tf.zeros([4, 128, 128, 3], tf.uint8)
    answer = served[signatures.SERVING_DEFAULT](images=images)[signatures.PREDICTIONS]
    assert answer.shape == [4, 128, 128]


def test_pixels_are_bounded_after_a_resize_as_well(finished_training, tmp_path):
    """One row of pixels grows by the square of what its shorter side does."""
    config, _ = finished_training
    seen = InferenceConfig(min_resize_value=33)
    path = exporter.run(
        ExportConfig(config.train_logdir, str(tmp_path), inference=seen, max_pixels=2**16)
    )
    loaded = tf.saved_model.load(path)
    served = loaded.signatures
    assert png_of(served, _RIGHT["png"])[0].shape == pillow(_RIGHT["png"]).shape[:2]
    sentence = "expected 1 to 65536 pixels in all after the resize, found 1 of 165000x33"
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"image 1 of the req.*{sentence}"):
        png_of(served, _RIGHT["png"], _RIGHT["1x5000"])
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        served[signatures.PROBABILITIES](images=tf.zeros([1, 1, 5000, 3], tf.uint8))


@pytest.mark.slow
def test_damaged_images_are_refused_or_answered(served):
    counts = fuzz_images.run(served, seconds=10)
    assert counts["answered"] + counts["refused"] == counts["requests"]
    assert min(counts["answered"], counts["refused"], counts["compared"]) > 10
