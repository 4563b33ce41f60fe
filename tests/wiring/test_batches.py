"""Training batches are changed as the settings say, and in no other way."""

import dataclasses

import numpy as np
import pytest

from deeplab_nas.data import datasets, pipeline
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.data.split import Split
from tests.data import made_shards
from tests.wiring import numbered_data

_SIDE = 40
_STEP = 5
_SHAPES = datasets.describe("shapes", "")
# Nothing is changed; the crop is smaller than the image.
_PLAIN = DataConfig(
    train_crop_size=(16, 12),
    train_batch_size=2,
    min_scale_factor=1.0,
    max_scale_factor=1.0,
    random_flip=False,
)


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """Two images whose green grows to the right and whose blue grows downwards."""
    ramp = np.arange(_SIDE, dtype=np.uint8) * _STEP
    pairs = []
    for number in range(2):
        green, blue = np.meshgrid(ramp, ramp)
        image = np.stack([np.full_like(green, 50 * number), green, blue], -1)
        pairs.append((image, np.zeros([_SIDE, _SIDE], np.uint8)))
    return Split.load(
        _SHAPES, made_shards.write(tmp_path_factory.mktemp("s"), "train", pairs), "train"
    )


def drawn(split, seed=3, steps=8, **settings):
    """Many images, as one array."""
    config = dataclasses.replace(_PLAIN, **settings)
    dataset = pipeline.train_dataset(config, split, np.arange(2), seed).take(steps)
    return np.concatenate([images.numpy() for images, _ in dataset])


def slopes(images):
    """How fast green grows to the right and blue downwards in the middle of each image."""
    right = images[:, 8, 6, 1] - images[:, 8, 5, 1]
    down = images[:, 8, 6, 2] - images[:, 7, 6, 2]
    return right, down


def test_without_augmentation_a_batch_is_windows_of_the_images(split):
    images = drawn(split)
    np.testing.assert_array_equal(np.diff(images[..., 1], axis=2), _STEP)
    np.testing.assert_array_equal(np.diff(images[..., 2], axis=1), _STEP)
    assert set(np.unique(images[..., 0])) == {0, 50}
    corners = {tuple(image[0, 0, 1:]) for image in images}
    # Each image, of each pass, has a window of its own.
    assert len(corners) > 12


def test_windows_depend_on_the_seed(split):
    first, second = (
        {tuple(image[0, 0, 1:]) for image in drawn(split, seed=seed, steps=4)} for seed in (3, 4)
    )
    assert len(first & second) < 3


def test_half_of_the_images_are_mirrored(split):
    right, down = slopes(drawn(split, random_flip=True))
    assert set(right) == {-_STEP, _STEP}
    assert set(down) == {_STEP}


@pytest.mark.parametrize(
    ("least", "most", "step", "expected"),
    [(0.5, 0.5, 0.25, {0.5}), (1.0, 2.0, 0.5, {1.0, 1.5, 2.0}), (2.0, 2.0, 0.0, {2.0})],
)
def test_scales_are_those_of_the_settings(split, least, most, step, expected):
    settings = {"min_scale_factor": least, "max_scale_factor": most, "scale_factor_step_size": step}
    right, down = slopes(drawn(split, **settings))
    # Corners are aligned.
    found = {_STEP * (_SIDE - 1) / (_SIDE * scale - 1) for scale in expected}
    for slope in (right, down):
        assert sorted({round(float(s), 2) for s in slope}) == sorted(round(s, 2) for s in found)


def test_images_are_resized_before_they_are_scaled(split):
    right, down = slopes(drawn(split, steps=2, min_resize_value=20))
    np.testing.assert_allclose([*right, *down], _STEP * (_SIDE - 1) / 19, rtol=1e-4)


def test_colours_change_as_far_as_they_may(split):
    plain = drawn(split, steps=2)
    some, more = (drawn(split, steps=2, photometric_jitter=strength) for strength in (0.01, 1.0))
    assert 0 < np.abs(some - plain).max() < 5 < np.abs(more - plain).max()


@pytest.mark.parametrize("whole", [False, True])
def test_what_fills_an_evaluation_is_ignored(data, whole):
    split = Split.load(data.descriptor, data.folder, "train")
    if whole:
        *_, (images, labels, names) = pipeline.whole_image_dataset(4, split)
        assert [bool(name) for name in names.numpy()] == [True, True, True, False]
    else:
        config = dataclasses.replace(data.config, eval_batch_size=4)
        *_, (images, labels) = pipeline.eval_dataset(config, split)
    expected = np.array([label for _, label in data.in_order("train")[8:]])
    assert images.shape == (4, 20, 30, 3)
    np.testing.assert_array_equal(labels[:3], expected)
    np.testing.assert_array_equal(labels[3], np.full([20, 30], numbered_data.IGNORE))
