import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.data import augment
from deeplab_nas.data.data_config import DataConfig
from tests import places

_PREPROCESSED = "fixtures/official_tfrecords/preprocess"
PLAIN = DataConfig(
    train_crop_size=(9, 11), min_scale_factor=1.0, max_scale_factor=1.0, random_flip=False
)


def example(height=20, width=30):
    """A label of ids 0..3 and 255 whose image says the label in every channel."""
    ids = np.array([0, 1, 2, 3, 255], np.uint8)
    label = ids[np.random.RandomState(0).randint(0, 5, [height // 5 + 1, width // 5 + 1])]
    label = np.kron(label, np.ones([5, 5], np.uint8))[:height, :width, None]
    return tf.constant(np.repeat(label, 3, axis=-1), tf.float32), tf.constant(label)


def seeds(count):
    return [tf.constant([7, number], tf.int64) for number in range(count)]


def test_crop_at_scale_one_is_a_window_of_the_image():
    image, label = example()
    windows = np.lib.stride_tricks.sliding_window_view(image.numpy()[..., 0], (9, 11))
    for seed in seeds(8):
        cut, cut_label = augment.train_example(image, label, seed, PLAIN, 255)
        assert (windows == cut.numpy()[..., 0]).all(axis=(2, 3)).any()
        np.testing.assert_array_equal(cut[..., 0], cut_label[..., 0])


def test_crops_reach_every_position():
    image = tf.reshape(tf.range(6, dtype=tf.float32), [2, 3, 1]) * tf.ones([3])
    label = tf.zeros([2, 3, 1], tf.uint8)
    corners = {int(augment.random_crop(image, label, seed, 1, 2)[0][0, 0, 0]) for seed in seeds(40)}
    assert corners == {0, 1, 3, 4}


def test_padding_is_at_the_bottom_and_the_right():
    image, label = example(5, 7)
    padded, padded_label = augment.pad_to_at_least(image, label, 9, 6, 255)
    expected = np.full([9, 7, 3], 127.5, np.float32)
    expected[:5] = image
    np.testing.assert_array_equal(padded, expected)
    np.testing.assert_array_equal(padded_label[:5], label)
    assert (padded_label[5:].numpy() == 255).all()


def test_flip_mirrors_both_or_neither_half_the_time():
    image, label = example()
    flips = 0
    for seed in seeds(60):
        flipped, flipped_label = augment.random_flip(image, label, seed)
        mirrored = not np.array_equal(flipped, image)
        step = -1 if mirrored else 1
        np.testing.assert_array_equal(flipped, image[:, ::step])
        np.testing.assert_array_equal(flipped_label, label[:, ::step])
        flips += mirrored
    assert 15 < flips < 45


@pytest.mark.parametrize("step", [0.25, 0.0])
def test_image_and_label_stay_together_under_every_scale(step):
    config = DataConfig(train_crop_size=(25, 37), scale_factor_step_size=step)
    image, label = example()
    agreement = []
    for seed in seeds(12):
        cut, cut_label = augment.train_example(image, label, seed, config, 255)
        ids = cut_label.numpy()[..., 0]
        pixels = cut.numpy()[..., 0]
        assert set(np.unique(ids)) <= {0, 1, 2, 3, 255}
        real = pixels != 127.5
        assert (ids[~real] == 255).all()
        agreement.append(np.mean(np.abs(pixels[real] - ids[real]) < 1))
    # Between two areas the image is blended and the label is not.
    assert np.mean(agreement) > 0.6


def test_a_crop_is_a_pure_function_of_its_seed_inside_tf_data_too():
    config = DataConfig(train_crop_size=(25, 37))
    image, label = example()
    dataset = tf.data.Dataset.from_tensor_slices(tf.stack(seeds(4)))
    dataset = dataset.map(lambda seed: augment.train_example(image, label, seed, config, 255))
    assert dataset.element_spec[0].shape == (25, 37, 3)
    assert dataset.element_spec[1].shape == (25, 37, 1)
    crops = [cut.numpy() for cut, _ in dataset]
    for seed, cut in zip(seeds(4), crops, strict=True):
        again, _ = augment.train_example(image, label, seed, config, 255)
        np.testing.assert_allclose(again, cut, atol=1e-4)
    assert not np.array_equal(crops[0], crops[1])


def test_scales_are_those_of_the_grid():
    drawn = {float(augment.random_scale_factor(seed, 0.5, 2.0, 0.25)) for seed in seeds(120)}
    assert drawn == {0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0}
    drawn = {round(float(augment.random_scale_factor(s, 0.8, 2.0, 0.1)), 4) for s in seeds(250)}
    assert len(drawn) == 13
    assert max(drawn) == 2.0
    drawn = [float(augment.random_scale_factor(seed, 0.5, 2.0, 0.0)) for seed in seeds(60)]
    assert len(set(drawn)) == 60
    assert 0.5 <= min(drawn) < 0.8
    assert 1.7 < max(drawn) < 2.0


@pytest.mark.parametrize("size", [(97, 129), (129, 97), (64, 64), (375, 1242), (1024, 2048)])
@pytest.mark.parametrize("bounds", [(65, 129), (120, 110), (512, None)])
def test_resized_size_keeps_the_range_and_agrees_with_the_graph(size, bounds):
    config = DataConfig(min_resize_value=bounds[0], max_resize_value=bounds[1])
    height, width = augment.resized_size(size, config)
    assert min(height, width) == bounds[0] or max(height, width) == bounds[1]
    if bounds[1]:
        assert max(height, width) <= bounds[1]
    assert abs(height * size[1] - width * size[0]) <= max(size)
    in_graph = augment.resized_size(tf.constant(size), config)
    np.testing.assert_array_equal(in_graph, (height, width))
    config = dataclasses.replace(config, resize_factor=16)
    grown = augment.resized_size(size, config)
    np.testing.assert_array_equal(augment.resized_size(tf.constant(size), config), grown)
    for side, before in zip(grown, (height, width), strict=True):
        assert side % 16 == 1
        assert 0 <= side - before < 16


@places.needs_shared(f"{_PREPROCESSED}.npz")
class TestOfficialPreprocessing:
    def fixture(self):
        arrays = np.load(places.SHARED / f"{_PREPROCESSED}.npz")
        facts = json.loads((places.SHARED / f"{_PREPROCESSED}.json").read_text())
        image, label = tf.constant(arrays["image"], tf.float32), tf.constant(arrays["label"])
        return arrays, facts, image, label

    @pytest.mark.parametrize("name", ["pad_129", "range_65_129", "max_hit", "range_factor32"])
    def test_evaluation(self, name):
        arrays, facts, image, label = self.fixture()
        config = DataConfig(
            min_resize_value=facts[name].get("min_resize_value"),
            max_resize_value=facts[name].get("max_resize_value"),
            resize_factor=facts[name].get("resize_factor"),
        )
        size = facts[name]["crop_height"], facts[name]["crop_width"]
        made, made_label = augment.eval_example(image, label, *size, config, 255)
        np.testing.assert_allclose(made, arrays[f"{name}__image"], atol=1e-3)
        np.testing.assert_array_equal(made_label, arrays[f"{name}__label"])

    @pytest.mark.parametrize("scale", [0.5, 0.75, 1.25, 1.75])
    def test_scaling(self, scale):
        arrays, _, image, label = self.fixture()
        size = augment.scaled_size(tf.shape(image)[:2], tf.constant(scale))
        made, made_label = augment.resize(image, label, size)
        np.testing.assert_allclose(made, arrays[f"scale_{scale}__image"], atol=1e-3)
        np.testing.assert_array_equal(made_label, arrays[f"scale_{scale}__label"])
