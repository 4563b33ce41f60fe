"""Two questions about the same pictures, and where their answers stand."""

import numpy as np
import pytest

from tfrecords_tools.drawn import lanes


@pytest.fixture(scope="module")
def pictures():
    return [lanes.draw(1, number) for number in range(40)]


def test_pictures_are_a_pure_function_of_seed_and_number():
    (image, labels), (again, again_labels) = lanes.draw(1, 5), lanes.draw(1, 5)
    assert (image.shape, image.dtype) == ((128, 128, 3), np.uint8)
    np.testing.assert_array_equal(image, again)
    for question in lanes.QUESTIONS:
        np.testing.assert_array_equal(labels[question], again_labels[question])
    assert not np.array_equal(image, lanes.draw(1, 6)[0])
    assert not np.array_equal(image, lanes.draw(2, 5)[0])


def test_both_questions_are_asked_of_the_same_pixels_and_are_independent(pictures):
    detail, context = (
        np.concatenate([labels[question].ravel() for _, labels in pictures])
        for question in ("detail", "context")
    )
    asked = detail != lanes.IGNORE
    np.testing.assert_array_equal(asked, context != lanes.IGNORE)
    assert set(detail[asked]) == set(context[asked]) == {0, 1}
    assert abs(np.corrcoef(detail[asked], context[asked])[0, 1]) < 0.1
    for answers in (detail[asked], context[asked]):
        assert 0.4 < answers.mean() < 0.6


def without_noise(monkeypatch):
    monkeypatch.setattr(lanes.texture, "photograph", lambda random, image, y, x: image)


def test_no_pixel_near_a_disc_tells_the_context(monkeypatch):
    """The same picture with the lamps of the other colour differs far from every disc only."""
    without_noise(monkeypatch)
    image, labels = lanes.draw(3, 0)
    monkeypatch.setattr(lanes, "_HUES", lanes._HUES[::-1])
    other, _ = lanes.draw(3, 0)
    changed = np.argwhere(np.abs(image - other).sum(-1) > 0)
    discs = np.argwhere(labels["context"] != lanes.IGNORE)
    distances = np.hypot(*(changed[:, None] - discs[None]).transpose(2, 0, 1))
    assert len(changed)
    assert distances.min() > 30


def test_the_lamp_of_the_lane_tells_the_context():
    for number in range(10):
        image, labels = lanes.draw(1, number)
        for top in range(0, 128, 32):
            lane = image[top : top + 32].astype(int)
            answers = labels["context"][top : top + 32]
            (answer,) = set(answers[answers != lanes.IGNORE])
            # Red less blue is largest, or smallest, in the lamp.
            warmth = lane[..., 0] - lane[..., 2]
            warmth = warmth - np.median(warmth)
            assert (warmth.max() > -warmth.min()) == (answer == 0)
