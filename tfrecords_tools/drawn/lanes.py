"""Draws pictures about which two questions may be asked: one wants detail, the other context.

A picture has four lanes, one above the other. At one end of a lane there is a lamp, and beyond its
middle there are six small discs, in each of which two strokes cross. The strokes stand upright, as
in a plus, or slanted, as in a times sign: that is one question, and it is answered within a disc.
The lamp is warm or cold: that is the other, and nothing nearer to a disc than 34 pixels says so.
Lamps and strokes are drawn independently, lane by lane, so that neither question has an answer that
holds for the whole picture.
"""

import colorsys

import numpy as np

from tfrecords_tools.drawn import texture

# What the class of a disc is, and the names of its two values.
QUESTIONS = {"detail": ("plus", "times"), "context": ("warm", "cold")}
IGNORE = 255
SIDE = 128

_LANES = 4
_LANE_HEIGHT = SIDE / _LANES
_LAMP_RADIUS, _LAMP_AT = 9.0, 14.0
_DISC_RADIUS = 4.4
_DISC_ROWS, _DISC_COLUMNS = (-6.5, 6.5), (64.0, 77.0, 90.0)
_STROKE_HALF_WIDTH = 0.8
_HUES, _HUE_HALF_RANGE = (0.0, 0.6), 0.08


def draw(seed: int, number: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draws a picture and its labels.

    Args:
        seed: Seed of the split.
        number: Number of the picture.

    Returns:
        The image, uint8 `[128, 128, 3]`, and for each of `QUESTIONS` the label, uint8 `[128, 128]`:
        the class of each disc, `IGNORE` elsewhere. The two label the same pixels.
    """
    # The stream of RandomState is frozen over the versions of NumPy, that of Generator is not.
    random = np.random.RandomState([seed, number])
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    colors = np.stack([_color(random, random.uniform(), (0.0, 0.3)) for _ in range(2)])
    image = texture.pattern(random, colors, y, x)
    labels = {question: np.full([SIDE, SIDE], IGNORE, np.uint8) for question in QUESTIONS}
    # In half of the pictures the lamps are on the right.
    along = SIDE - 1 - x if random.randint(2) else x
    for lane in range(_LANES):
        middle = (lane + 0.5) * _LANE_HEIGHT + random.uniform(-2, 2)
        shift = random.uniform(-4, 4)
        lamp = random.randint(2)
        hue = _HUES[lamp] + random.uniform(-_HUE_HALF_RANGE, _HUE_HALF_RANGE)
        distance = np.hypot(y - middle, along - _LAMP_AT - shift) - _LAMP_RADIUS
        image = _painted(image, distance, _color(random, hue, (0.6, 0.95)))
        for row in _DISC_ROWS:
            for column in _DISC_COLUMNS:
                down = y - middle - row - random.uniform(-1, 1)
                right = along - column - shift - random.uniform(-1, 1)
                strokes = random.randint(2)
                image, inside = _disc(random, image, down, right, strokes)
                labels["detail"][inside] = strokes
                labels["context"][inside] = lamp
    return texture.photograph(random, image, y, x), labels


def _disc(random, image, down, right, strokes):
    """Paints a light disc with two dark strokes; returns the image and which pixels are inside."""
    radial = np.hypot(down, right) - _DISC_RADIUS
    image = _painted(image, radial, random.uniform(190, 255))
    if strokes:
        down, right = (down + right) / np.sqrt(2), (down - right) / np.sqrt(2)
    across = np.minimum(np.abs(down), np.abs(right)) - _STROKE_HALF_WIDTH
    return _painted(image, np.maximum(across, radial + 0.6), random.uniform(0, 60)), radial <= 0


def _painted(image, distance, color):
    """Paints where a signed distance in pixels is negative, with a soft edge."""
    coverage = np.clip(0.5 - distance, 0, 1)[..., None]
    return image * (1 - coverage) + color * coverage


def _color(random, hue, saturations):
    value = random.uniform(0.5, 0.95)
    return np.array(colorsys.hsv_to_rgb(hue % 1, random.uniform(*saturations), value)) * 255
