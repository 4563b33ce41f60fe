import numpy as np
import pytest

from deeplab_nas.engine.scoring import metrics
from tfrecords_tools.drawn import shapes


def test_pictures_are_a_pure_function_of_seed_and_number():
    image, label = shapes.draw(1, 5)
    again, again_label = shapes.draw(1, 5)
    assert (image.shape, image.dtype) == ((96, 128, 3), np.uint8)
    assert (label.shape, label.dtype) == ((96, 128), np.uint8)
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(label, again_label)
    assert not np.array_equal(image, shapes.draw(1, 6)[0])
    assert not np.array_equal(image, shapes.draw(2, 5)[0])


@pytest.fixture(scope="module")
def pictures():
    return [shapes.draw(1, number) for number in range(60)]


def test_forms_alone_are_labelled_and_every_class_has_a_fair_share(pictures):
    counts = np.bincount(np.concatenate([label.ravel() for _, label in pictures]), minlength=256)
    share = counts[:6] / counts[:6].sum()
    assert set(np.flatnonzero(counts)) == {*range(6), 255}
    assert share.min() > 0.05
    assert 0.05 < 1 - counts[255] / counts.sum() < 0.2


def guessed(colors, labels):
    """The mean IoU of the last third, each guessed from a table of the colours of the others."""
    keys = [np.ravel_multi_index((found // 16).T, (16, 16, 16)) for found in colors]
    most = len(keys) * 2 // 3
    table = np.zeros([16**3, 6], int)
    np.add.at(table, (np.concatenate(keys[:most]), np.concatenate(labels[:most])), 1)
    matrix = np.zeros([6, 6], int)
    guesses = table.argmax(axis=1)[np.concatenate(keys[most:])]
    np.add.at(matrix, (np.concatenate(labels[most:]), guesses), 1)
    return metrics.mean_iou(matrix)


def lamps_left(image, label):
    """The picture with its lamps on the left, flipped where they are on the right."""
    columns = np.flatnonzero((label != 255).any(axis=0))
    flipped = columns.min() < label.shape[1] - 1 - columns.max()
    return (image[:, ::-1], label[:, ::-1]) if flipped else (image, label)


def rows(image, label):
    """For each row the pixels in the middle of its lamp and its class."""
    image, label = lamps_left(image, label)
    for top in range(0, 96, 32):
        (shape,) = set(label[top + 8 : top + 24].ravel()) - {255}
        lamp = image[top + 12 : top + 20, 10:16].reshape(-1, 3)
        yield lamp, np.full(len(lamp), shape)


def test_the_colour_of_a_form_says_nothing_and_that_of_its_lamp_a_good_deal(pictures):
    forms = [(image[label != 255], label[label != 255]) for image, label in pictures]
    assert guessed(*zip(*forms, strict=True)) < 0.2
    lamps = [row for picture in pictures for row in rows(*picture)]
    assert guessed(*zip(*lamps, strict=True)) > 0.3


def test_a_form_is_at_least_16_pixels_from_its_lamp(pictures):
    for picture in pictures:
        _, label = lamps_left(*picture)
        first = np.flatnonzero((label != 255).any(axis=0)).min()
        assert first - (13 + 4 + 9) >= 16


def placement(shape, radius=20.0, angle=0.0):
    return shapes._Placement(shape, (48.0, 64.0), radius, angle)


@pytest.mark.parametrize("shape", range(6))
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
        for shape in range(6)
    }
    outer = 20 * 1.15
    assert areas[shapes.DISC] == pytest.approx(np.pi * 18**2, rel=0.03)
    assert areas[shapes.SQUARE] == pytest.approx(2 * outer**2, rel=0.03)
    assert areas[shapes.TRIANGLE] == pytest.approx(3**1.5 / 4 * outer**2, rel=0.03)
    assert areas[shapes.RING] == pytest.approx(np.pi * (20.8**2 - 11.2**2), rel=0.03)
    assert areas[shapes.BAR] == pytest.approx(60 * 11.2, rel=0.05)
    star = 5 * outer * 0.42 * outer * np.sin(np.pi / 5)
    assert areas[shapes.STAR] == pytest.approx(star, rel=0.05)
