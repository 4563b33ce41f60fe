"""Colours change, within bounds and by the seed alone."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.data import photometric


def image(value=None):
    if value is not None:
        return tf.fill([6, 9, 3], tf.constant(value))
    return tf.constant(np.random.default_rng(0).uniform(0, 255, (6, 9, 3)), tf.float32)


def seed(number):
    return tf.constant([3, number], tf.int64)


def test_hardly_any_strength_changes_hardly_anything():
    np.testing.assert_allclose(photometric.jitter(image(), seed(0), 1e-4), image(), atol=0.1)


def test_a_seed_gives_one_image_and_another_seed_another():
    first = photometric.jitter(image(), seed(0), 1.0)
    np.testing.assert_array_equal(photometric.jitter(image(), seed(0), 1.0), first)
    assert np.abs(photometric.jitter(image(), seed(1), 1.0) - first).max() > 1


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_grey_stays_grey_within_the_brightness(strength):
    changed = [photometric.jitter(image(100.0), seed(number), strength) for number in range(40)]
    values = np.array([found[0, 0, 0] for found in changed])
    for found, value in zip(changed, values, strict=True):
        np.testing.assert_allclose(found, np.full((6, 9, 3), value), atol=1e-2)
    furthest = np.abs(values - 100).max()
    assert 0.7 * 32 * strength < furthest <= 32 * strength + 1e-3


def test_the_range_is_kept():
    for number in range(20):
        found = photometric.jitter(image(), seed(number), 1.0)
        assert tf.reduce_min(found) >= 0
        assert tf.reduce_max(found) <= 255
