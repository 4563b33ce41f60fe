"""Augmentation in the official order: resize, scale, pad, crop, flip; seeded and without state.

Throughout, an image is float32 `[height, width, 3]` in 0..255 and its label uint8 `[height, width,
1]`; functions that change both return both. A seed is an integer tensor `[2]`, of which the result
is a pure function; heights and widths are pixels. Source: the official `input_preprocess.py` and
`preprocess_utils.py`.
"""

import math

import tensorflow as tf

from deeplab_nas.data import photometric
from deeplab_nas.data.data_config import DataConfig

# The grey that pads images: 0 after the networks' preprocessing to [-1, 1].
MEAN_PIXEL = 127.5


def train_example(
    image: tf.Tensor, label: tf.Tensor, seed: tf.Tensor, config: DataConfig, ignore_label: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Makes a crop of `config.train_crop_size`; `ignore_label` labels padded pixels."""
    height, width = config.train_crop_size
    scale_seed, crop_seed, flip_seed, photometric_seed = tf.unstack(tf.random.split(seed, 4))
    if config.min_resize_value is not None:
        image, label = resize(image, label, resized_size(tf.shape(image)[:2], config))
    scale = random_scale_factor(
        scale_seed, config.min_scale_factor, config.max_scale_factor, config.scale_factor_step_size
    )
    image, label = resize(image, label, scaled_size(tf.shape(image)[:2], scale))
    image, label = pad_to_at_least(image, label, height, width, ignore_label)
    image, label = random_crop(image, label, crop_seed, height, width)
    if config.random_flip:
        image, label = random_flip(image, label, flip_seed)
    if config.photometric_jitter:
        image = photometric.jitter(image, photometric_seed, config.photometric_jitter)
    return image, label


def eval_example(
    image: tf.Tensor,
    label: tf.Tensor,
    height: int,
    width: int,
    config: DataConfig,
    ignore_label: int,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Pads an example to a size that fits all, after the resize of the configuration, if any.

    Args:
        image: The image.
        label: Its label.
        height: Height to reach, at least the image's.
        width: Width to reach, at least the image's.
        config: The resize.
        ignore_label: Label of padded pixels.
    """
    if config.min_resize_value is not None:
        image, label = resize(image, label, resized_size(tf.shape(image)[:2], config))
    image, label = pad_to_at_least(image, label, height, width, ignore_label)
    return tf.ensure_shape(image, [height, width, 3]), tf.ensure_shape(label, [height, width, 1])


def resized_size(size, config):
    """Computes the size that brings an image into the range, keeping its aspect ratio.

    The shorter side becomes `min_resize_value` unless the longer one then exceeds
    `max_resize_value`, which it becomes in that case. Both sides then grow to a multiple of
    `resize_factor`, plus 1. Integers throughout, where the official code (`resize_to_range`) floors
    a float32 product and may lose a pixel.

    Args:
        size: Height and width, as an int32 tensor `[2]` or a pair of Python integers.
        config: A `DataConfig`, or anything with its three fields of that name.

    Returns:
        Height and width, in the kind that was given; `size` itself where no range is set.
    """
    if not config.min_resize_value:
        return size
    if tf.is_tensor(size):
        return _resized_tensor(size, config)
    large = [side * config.min_resize_value // min(size) for side in size]
    if config.max_resize_value is not None and max(large) > config.max_resize_value:
        large = [side * config.max_resize_value // max(size) for side in size]
    return tuple(_to_multiple_plus_one(side, config.resize_factor) for side in large)


def _resized_tensor(size, config):
    large = size * config.min_resize_value // tf.reduce_min(size)
    if config.max_resize_value is not None:
        small = size * config.max_resize_value // tf.reduce_max(size)
        large = tf.where(tf.reduce_max(large) > config.max_resize_value, small, large)
    return _to_multiple_plus_one(large, config.resize_factor)


def _to_multiple_plus_one(side, factor: int | None):
    return side if factor is None else side + (factor - (side - 1) % factor) % factor


def random_scale_factor(
    seed: tf.Tensor, min_scale: float, max_scale: float, step: float
) -> tf.Tensor:
    """Draws a scale, a float32 scalar, uniformly from `min_scale` in steps up to `max_scale`.

    A step of 0 draws continuously.
    """
    if min_scale == max_scale:
        return tf.constant(min_scale, tf.float32)
    if step == 0:
        return tf.random.stateless_uniform([], seed, min_scale, max_scale)
    # Rounding first: (2.0 - 0.8) / 0.1 is 11.999... in floating point.
    count = math.floor(round((max_scale - min_scale) / step, 6)) + 1
    scales = tf.constant([min_scale + step * number for number in range(count)], tf.float32)
    return scales[tf.random.stateless_uniform([], seed, maxval=count, dtype=tf.int32)]


def scaled_size(size: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Returns `int(side * scale)`, truncated as in the official code, at least 1, int32 `[2]`."""
    return tf.maximum(tf.cast(tf.cast(size, tf.float32) * scale, tf.int32), 1)


def resize(image: tf.Tensor, label: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Resizes to `size`, int32 `[2]`, with aligned corners: bilinear, the label to the nearest."""
    # tf.image.resize cannot align corners.
    image = tf.raw_ops.ResizeBilinear(images=image[tf.newaxis], size=size, align_corners=True)
    label = tf.raw_ops.ResizeNearestNeighbor(
        images=label[tf.newaxis], size=size, align_corners=True
    )
    return image[0], label[0]


def pad_to_at_least(
    image: tf.Tensor, label: tf.Tensor, height: int, width: int, ignore_label: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Pads at the bottom and the right where the image is smaller than a size.

    The image is padded with `MEAN_PIXEL`, the label with the ignore label.
    """
    missing = tf.maximum([height, width] - tf.shape(image)[:2], 0)
    paddings = [[0, missing[0]], [0, missing[1]], [0, 0]]
    image = tf.pad(image, paddings, constant_values=MEAN_PIXEL)
    label = tf.pad(label, paddings, constant_values=ignore_label)
    return image, label


def random_crop(
    image: tf.Tensor, label: tf.Tensor, seed: tf.Tensor, height: int, width: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Cuts one window out of an image at least as large; every position is equally likely."""
    room = tf.shape(image)[:2] - [height, width]
    # One draw a side from 0..room: an integer maxval that is a tensor must be a scalar.
    seeds = tf.unstack(tf.random.split(seed, 2))
    top, left = (
        tf.random.stateless_uniform([], seeds[side], maxval=room[side] + 1, dtype=tf.int32)
        for side in range(2)
    )
    image = tf.slice(image, [top, left, 0], [height, width, 3])
    label = tf.slice(label, [top, left, 0], [height, width, 1])
    return image, label


def random_flip(image: tf.Tensor, label: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mirrors image and label left to right, both or neither, with probability one half."""
    mirror = tf.random.stateless_uniform([], seed) < 0.5
    return (
        tf.where(mirror, tf.reverse(image, [1]), image),
        tf.where(mirror, tf.reverse(label, [1]), label),
    )
