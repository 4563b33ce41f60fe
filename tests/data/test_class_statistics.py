"""Pixels by class against a count by hand, and the weights that follow from them."""

import numpy as np
import pytest

from deeplab_nas.data import class_statistics


def statistics(*labels, num_classes=4, ignore_label=255):
    total = class_statistics.none(num_classes)
    for label in labels:
        histogram = np.bincount(np.ravel(label), minlength=256)
        total += class_statistics.of_image(histogram, num_classes, ignore_label)
    return total


def test_pixels_are_counted():
    found = statistics([0, 0, 1, 255], [2, 2, 2, 0, 255, 255])
    assert found.pixels == (3, 1, 3, 0)
    # Class 0 occurs in both images, of 3 and 4 valid pixels.
    assert found.pixels_where_present == (7, 3, 4, 0)
    assert found.ignored == 3


def test_an_ignored_class_counts_as_ignored():
    found = statistics([0, 0, 1, 2], ignore_label=0)
    assert found.pixels == (0, 1, 1, 0)
    assert found.ignored == 2


def test_median_frequency_weights_by_hand():
    found = statistics([0] * 6 + [1] * 2, [0] * 3 + [2])
    shares = [9 / 12, 2 / 8, 1 / 4]
    weights = class_statistics.median_frequency_weights(found)
    assert weights == pytest.approx([*(0.25 / share for share in shares), 0.0])


def test_equal_classes_weigh_one_and_none_weighs_nothing():
    assert class_statistics.median_frequency_weights(statistics([0, 1, 2, 3])) == (1.0,) * 4
    assert class_statistics.median_frequency_weights(statistics()) == (0.0,) * 4
