import numpy as np
import pytest

from deeplab_nas.engine.scoring import metrics
from tfrecords_tools.drawn import shapes


def test_pictures_are_a_pure_function_of_seed_and_number():
    image, label = shapes.draw(1, 5, 96, 128)
    again, again_label = shapes.draw(1, 5, 96, 128)
    assert (image.shape, image.dtype) == ((96, 128, 3), np.uint8)
    assert (label.shape, label.dtype) == ((96, 128), np.uint8)
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(label, again_label)
    assert not np.array_equal(image, shapes.draw(1, 6, 96, 128)[0])
    assert not np.array_equal(image, shapes.draw(2, 5, 96, 128)[0])


@pytest.fixture(scope="module")
def pictures():
    return [shapes.draw(1, number, 96, 128) for number in range(60)]


def test_every_class_has_a_fair_share_of_the_pixels(pictures):
    counts = np.bincount(np.concatenate([label.ravel() for _, label in pictures]), minlength=256)
    share = counts / counts.sum()
    assert set(np.flatnonzero(counts)) == {*range(7), 255}
    assert 0.4 < share[0] < 0.7
    assert share[1:7].min() > 0.02
    assert 0.05 < share[255] < 0.2


def test_the_colour_of_a_pixel_is_a_hint_but_no_answer(pictures):
    """Pixels of some pictures, each guessed from a table of the colours of the others."""
    keys, labels = [], []
    for image, label in pictures:
        keys.append(np.ravel_multi_index((image[label != 255] // 16).T, (16, 16, 16)))
        labels.append(label[label != 255])
    table = np.zeros([16**3, 7], int)
    np.add.at(table, (np.concatenate(keys[:40]), np.concatenate(labels[:40])), 1)
    matrix = np.zeros([7, 7], int)
    guesses = table.argmax(axis=1)[np.concatenate(keys[40:])]
    np.add.at(matrix, (np.concatenate(labels[40:]), guesses), 1)
    assert 0.3 < metrics.mean_iou(matrix) < 0.7


def placement(shape, radius=20.0, angle=0.0):
    return shapes._Placement(shape, (48.0, 64.0), radius, angle)


@pytest.mark.parametrize("shape", range(1, 7))
def test_distances_have_unit_slope_near_the_outline(shape):
    y, x = np.mgrid[0:96, 0:128].astype(np.float32)
    distance = shapes._signed_distance(placement(shape, angle=0.3), y, x)
    slope = np.hypot(*np.gradient(distance))[1:-1, 1:-1]
    near = (np.abs(distance) < 3)[1:-1, 1:-1]
    assert np.median(slope[near]) == pytest.approx(1.0, abs=0.05)
    assert (distance < 0).any()
    assert (distance[0] > 0).all()


def test_areas_are_those_of_geometry():
    y, x = np.mgrid[0:96, 0:128].astype(np.float32)
    areas = {
        shape: (shapes._signed_distance(placement(shape, angle=0.2), y, x) < 0).sum()
        for shape in range(1, 7)
    }
    outer = 20 * 1.15
    assert areas[shapes.DISC] == pytest.approx(np.pi * 18**2, rel=0.03)
    assert areas[shapes.SQUARE] == pytest.approx(2 * outer**2, rel=0.03)
    assert areas[shapes.TRIANGLE] == pytest.approx(3**1.5 / 4 * outer**2, rel=0.03)
    assert areas[shapes.RING] == pytest.approx(np.pi * (20.8**2 - 11.2**2), rel=0.03)
    assert areas[shapes.BAR] == pytest.approx(60 * 11.2, rel=0.05)
    star = 5 * outer * 0.42 * outer * np.sin(np.pi / 5)
    assert areas[shapes.STAR] == pytest.approx(star, rel=0.05)
