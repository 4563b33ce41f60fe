"""Label maps keep their ids, overlays mix, the legend has every colour."""

import io

import numpy as np
import PIL.Image

from deeplab_nas.drawing import label_maps

COLORMAP = ((250, 0, 0), (0, 240, 10), (20, 30, 200))


def test_ids_come_back_from_the_file_and_colours_show():
    ids = np.array([[0, 1, 2], [2, 1, 0]])
    buffer = io.BytesIO()
    label_maps.with_palette(ids, COLORMAP).save(buffer, "png")
    picture = PIL.Image.open(buffer)
    np.testing.assert_array_equal(np.array(picture), ids)
    np.testing.assert_array_equal(np.array(picture.convert("RGB")), np.array(COLORMAP)[ids])


def test_an_overlay_lies_between_image_and_colours():
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, [5, 7, 3]).astype(np.uint8)
    ids = generator.integers(0, 3, [5, 7])
    found = np.array(label_maps.overlay(image, ids, COLORMAP)).astype(int)
    colors = np.array(COLORMAP)[ids]
    assert np.all(found >= np.minimum(image, colors) - 1)
    assert np.all(found <= np.maximum(image, colors) + 1)
    assert np.any(found != image)


def test_the_legend_has_every_colour_even_of_many_classes():
    for classes in (3, 150):
        colormap = [(number, 255 - number, 100) for number in range(classes)]
        names = [f"class {number}" for number in range(classes)]
        picture = label_maps.draw_legend(names, colormap)
        found = {color for _, color in picture.getcolors(1 << 20)}
        assert set(colormap) <= found
        assert picture.height < 1100
