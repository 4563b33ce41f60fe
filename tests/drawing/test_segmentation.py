"""Images, truths and predictions stand side by side in the colours of their classes."""

import numpy as np
import pytest

from deeplab_nas.drawing import segmentation

COLORMAP = ((10, 20, 200), (200, 30, 40), (30, 180, 60))
IGNORE = 255


def example(n=2, height=24, width=200):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, [n, height, width, 3]).astype(np.uint8)
    labels = np.zeros([n, height, width], dtype=np.int32)
    labels[:, :, width // 2 :] = 1
    return images, labels, np.full_like(labels, 2)


def tiles(picture, n, height, width):
    """The tiles as `[n, 3, height, width, 3]`, found from the sizes alone."""
    data = np.asarray(picture)
    gap = (data.shape[1] - 3 * width) // 4
    top = data.shape[0] - n * (height + gap)
    return np.stack(
        [
            [
                data[top + row * (height + gap) :, gap + column * (width + gap) :][:height, :width]
                for column in range(3)
            ]
            for row in range(n)
        ]
    )


def test_tiles_hold_the_image_and_the_colours_of_the_labels():
    images, labels, predictions = example()
    picture = segmentation.draw_predictions(images, labels, predictions, COLORMAP, IGNORE)
    found = tiles(picture, *images.shape[:3])
    np.testing.assert_array_equal(found[:, 0], images)
    np.testing.assert_array_equal(found[:, 1], np.array(COLORMAP)[labels])
    np.testing.assert_array_equal(found[:, 2], np.array(COLORMAP)[predictions])


def test_ignored_pixels_are_hatched_in_the_truth_alone():
    images, labels, predictions = example()
    labels[:, 5:15, 20:60] = IGNORE
    picture = segmentation.draw_predictions(images, labels, predictions, COLORMAP, IGNORE)
    found = tiles(picture, *images.shape[:3])
    hatched = found[0, 1, 5:15, 20:60].reshape(-1, 3)
    colors = np.unique(hatched, axis=0)
    assert len(colors) == 2 and np.ptp(colors.astype(int), axis=1).max() < 16
    np.testing.assert_array_equal(found[0, 1, :5, :100], np.full([5, 100, 3], COLORMAP[0]))
    np.testing.assert_array_equal(found[:, 2], np.array(COLORMAP)[predictions])


def test_an_ignored_class_may_be_predicted():
    images, labels, predictions = example()
    picture = segmentation.draw_predictions(images, labels, 0 * predictions, COLORMAP, 0)
    found = tiles(picture, *images.shape[:3])
    assert (found[:, 2] == COLORMAP[0]).all()
    assert not (found[:, 1, :, :100] == COLORMAP[0]).all(axis=-1).any()


def test_float_images_are_rounded_and_clipped():
    images, labels, predictions = example()
    floats = images.astype(np.float32) + 0.2
    floats[0, 0, 0] = [-5.0, 300.0, 7.0]
    picture = segmentation.draw_predictions(floats, labels, predictions, COLORMAP, IGNORE)
    found = tiles(picture, *images.shape[:3])
    assert found[0, 0, 0, 0].tolist() == [0, 255, 7]
    np.testing.assert_array_equal(found[1, 0], images[1])


@pytest.mark.parametrize(("height", "width"), [(8, 16), (1, 1), (100, 2048), (300, 50)])
def test_small_and_large_labels_keep_their_colours(height, width):
    picture = segmentation.draw_predictions(
        *example(n=1, height=height, width=width), COLORMAP, IGNORE
    )
    assert 400 < picture.width < 2000
    data = np.asarray(picture).reshape(-1, 3)
    assert (data == COLORMAP[2]).all(axis=-1).sum() > 100
    assert (data == COLORMAP[1]).all(axis=-1).sum() > 100


def test_what_does_not_belong_together_is_refused():
    images, labels, predictions = example()
    for arguments, name in (
        ((images[..., 0], labels, predictions), "images"),
        ((images[:0], labels[:0], predictions[:0]), "images"),
        ((images, labels[:1], predictions), "labels"),
        ((images, labels, predictions[:, 1:]), "predictions"),
        ((images, labels + 2, predictions), "labels"),
        ((images, labels, predictions + 1), "predictions"),
        ((images, labels, predictions - 3), "predictions"),
    ):
        with pytest.raises(ValueError, match=f"^{name}"):
            segmentation.draw_predictions(*arguments, COLORMAP, IGNORE)
