"""Shapes lie where they are said to lie."""

import numpy as np
import pytest

from deeplab_nas.drawing import canvas

RED = (200, 0, 0)


def pixels(sheet):
    return np.asarray(sheet.finish()).astype(int)


def is_red(color):
    """Whether a pixel is red, but for what smoothing leaves."""
    return np.abs(color - RED).max() < 10


def is_paper(color):
    return np.abs(color - canvas.PAPER).max() < 10


def test_a_canvas_is_white_and_has_the_size_that_was_asked_for():
    sheet = canvas.Canvas(30.2, 20)
    assert sheet.finish().size == (31, 20)
    assert (pixels(sheet) == 255).all()


def test_lines_and_arrows_end_at_their_ends():
    sheet = canvas.Canvas(60, 40)
    sheet.line((10, 10), (50, 10), RED, 3)
    sheet.arrow((10, 30), (50, 30), RED, 3)
    found = pixels(sheet)
    for y in (10, 30):
        assert is_red(found[y, 25])
        assert is_paper(found[y, 5]) and is_paper(found[y, 55])
    # The head is wider than the shaft.
    assert is_red(found[27, 41]) and is_paper(found[27, 25])


@pytest.mark.parametrize("end_y", [10, 50])
def test_curves_join_their_ends(end_y):
    sheet = canvas.Canvas(80, 60)
    sheet.curve((10, 10), (70, end_y), RED, 3)
    found = pixels(sheet)
    assert is_red(found[10, 11]) and is_red(found[end_y, 68])
    covered = (found[:, :, 1] < 200).any(axis=0)
    assert covered[11:69].all() and not covered[:8].any() and not covered[73:].any()


def test_text_is_centred():
    sheet = canvas.Canvas(100, 40)
    sheet.text((50, 20), "HHHH", 16)
    rows, columns = np.nonzero(pixels(sheet).sum(axis=-1) < 600)
    assert abs((columns.min() + columns.max()) / 2 - 50) <= 1.5
    assert abs((rows.min() + rows.max()) / 2 - 20) <= 2
    assert abs(np.ptp(columns) - canvas.text_width("HHHH", 16)) <= 4


def test_blend():
    assert canvas.blend((0, 0, 0), (10, 20, 30), 0.5) == (5, 10, 15)
    assert canvas.blend((0, 0, 0), (10, 20, 30), 2.0) == (10, 20, 30)


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_check_fractions(value):
    canvas.check_fractions("weights", np.array([0.0, 1.0, 1.0 + 1e-7]))
    with pytest.raises(ValueError, match="^weights"):
        canvas.check_fractions("weights", np.array([0.5, value]))


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("plain_01 ~", "plain_01 ~"),
        ("caf\u00e9 cafe\u0301 \u00c5", "cafe cafe A"),
        ("stra\u00dfe", "strasse"),
        ("\u4eac\U0001f600", "\\u4eac\\U0001f600"),
        ("a\tb\u200b", "a\\tb\\u200b"),
        ("\u2026", "\u2026"),
        ("\udcff", "\\udcff"),
    ],
)
def test_characters_that_the_font_lacks_are_spelled(text, drawn):
    assert canvas.in_font(text) == drawn
    assert canvas.text_width(text) == canvas.text_width(drawn)


def test_a_long_line_keeps_its_ends():
    assert canvas.shortened("short", 100) == "short"
    found = canvas.shortened("begin" + "x" * 1000 + "end", 120)
    assert canvas.text_width(found) <= 120
    assert found.startswith("begin") and found.endswith("end") and "\u2026" in found
    assert canvas.shortened("xxx", 0) == "\u2026"
