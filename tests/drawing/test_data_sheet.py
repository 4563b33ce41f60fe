"""The sheet shows images and labels in their colours, whatever their sizes, names and number."""

import numpy as np
import pytest

from deeplab_nas.drawing import canvas, data_sheet

COLORMAP = ((10, 20, 200), (200, 30, 40), (30, 180, 60))
NAMES = ("sky", "building", "tree")
IGNORE = 255


def example(height, width, name="name", colormap=COLORMAP, ignore_label=IGNORE):
    """Image of one colour; labels 0 and 1 side by side, the last of four quarters ignored."""
    image = np.full([height, width, 3], (250, 240, 10), np.float32)
    label = np.zeros([height, width], np.uint8)
    label[:, width // 2 :] = 1
    label[:, 3 * width // 4 + 1 :] = IGNORE
    return data_sheet.example(name, f"{height}x{width}", image, label, colormap, ignore_label)


def section(examples, pixels=(30, 60, 0), ignored=10, split="train"):
    return data_sheet.Section(split, "some images", tuple(examples), pixels, ignored)


def colors(picture):
    return {color for _, color in picture.getcolors(1 << 24)}


def test_tiles_show_image_mixture_and_labels():
    plain, over, labels = (np.asarray(tile) for tile in example(96, 128).tiles)
    assert plain.shape == over.shape == labels.shape == (192, 256, 3)
    assert (plain == (250, 240, 10)).all()
    assert (labels[:, :128] == COLORMAP[0]).all() and (labels[:, 128:192] == COLORMAP[1]).all()
    hatched = np.unique(labels[:, 196:].reshape(-1, 3), axis=0)
    assert len(hatched) == 2 and np.ptp(hatched.astype(int), axis=1).max() < 16
    # Ignored pixels keep the image, others lie between it and the colour of their class.
    assert (over[:, 196:] == plain[:, 196:]).all()
    low, high = np.minimum(plain, labels), np.maximum(plain, labels)
    assert ((low <= over) & (over <= high))[:, :192].all()
    assert (over[:, :192] != plain[:, :192]).any(axis=-1).all()


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((1, 1), (256, 256)),
        ((5, 7), (180, 252)),
        ((360, 480), (192, 256)),
        ((500, 333), (256, 170)),
        ((3, 5000), (4, 256)),
        ((9000, 2), (256, 4)),
    ],
)
def test_every_size_is_seen(size, shown):
    one = example(*size)
    assert {(tile.height, tile.width) for tile in one.tiles} == {shown}
    assert one.tiles[2].getcolors()


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_all_examples_are_on_the_sheet(count):
    examples = [example(30, 60 + number) for number in range(count)]
    sheet = data_sheet.draw([section(examples)], NAMES, COLORMAP, IGNORE)
    labels = sum(np.asarray(one.tiles[2]).size // 3 for one in examples)
    drawn = np.asarray(sheet).reshape(-1, 3)
    found = sum((drawn == color).all(axis=1).sum() for color in COLORMAP[:2])
    shown = sum((np.asarray(one.tiles[2]) == c).all(-1).sum() for one in examples for c in COLORMAP)
    # Beside them the legend has the colours.
    assert shown <= found <= shown + 2 * 15 * 15
    assert labels or not count


@pytest.mark.parametrize("classes", [2, 151, 256])
@pytest.mark.parametrize("splits", [1, 6])
def test_the_legend_has_every_class(classes, splits):
    colormap = [(number % 256, 255 - number, 100) for number in range(classes)]
    names = [f"class {number} of a long name, longer than its place" for number in range(classes)]
    sections = [section([], (5,) * classes, split=f"split {number}") for number in range(splits)]
    sheet = data_sheet.draw(sections, names, colormap, IGNORE)
    assert set(colormap) <= colors(sheet)
    assert sheet.width < 2000


def stands_out(picture):
    """Whether there is a text in the colour of warnings, but for what smoothing leaves."""
    return (np.abs(np.asarray(picture).astype(int) - canvas.HIGHLIGHT).max(-1) < 30).any()


def test_a_class_that_never_occurs_stands_out():
    there, none = (
        data_sheet.draw([section([], pixels)], NAMES, COLORMAP, IGNORE)
        for pixels in ((30, 60, 10), (30, 60, 0))
    )
    assert not stands_out(there)
    assert stands_out(none)
    # A class that is ignored is no class that is missing.
    ignored = data_sheet.draw([section([], (0, 60, 10))], NAMES, COLORMAP, 0)
    assert not stands_out(ignored)


def test_a_label_without_a_colour_is_refused():
    with pytest.raises(ValueError, match="^name: expected values in 0..0"):
        example(4, 8, colormap=COLORMAP[:1])


def test_names_of_any_characters_are_drawn():
    names = ("東京", "straße", "a\u0301", "\u202e\x07", "😀" * 300, "x" * 1000)
    examples = [example(4, 8, name) for name in names]
    sheet = data_sheet.draw([section(examples, split=names[-1])], names[:3], COLORMAP, IGNORE)
    assert sheet.width == data_sheet.draw([section([])], NAMES, COLORMAP, IGNORE).width
