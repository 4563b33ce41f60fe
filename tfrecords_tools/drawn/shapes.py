"""Draws the pictures of the built-in data set: rows of small forms, each row beside a lamp.

The three forms of a row are of one class, and the lamp at its end has a hue of that class; the
colours of the forms say nothing. So there are two ways to tell a class: by the outline of a form,
which takes detail and long learning, and by the lamp, which takes a field of view of 40 to 100
pixels and is learned in minutes. Rows are drawn independently, so that no answer holds for a whole
picture. How far a network gets in a short training depends on its architecture.

Only forms are labelled. What lies between them would be nine tenths of the pixels and of the loss.
Every picture is a pure function of a seed and its number.
"""

import colorsys
import dataclasses

import numpy as np

from tfrecords_tools.drawn import texture

DISC, SQUARE, TRIANGLE, RING, BAR, STAR = range(6)
NUM_CLASSES = 6
IGNORE = 255
HEIGHT, WIDTH = 96, 128

_NUM_ROWS = 3
_LAMP_RADIUS, _LAMP_AT = 9.0, 13.0
_COLUMNS = (62.0, 84.0, 106.0)
_RADII = (6.5, 9.5)
_BORDER_HALF_WIDTH = 1.25
# Hues go from 0 to 1; the middles of the classes lie 1/6 apart, and neighbouring ranges overlap.
_HUES = tuple((shape + 1) / NUM_CLASSES for shape in range(NUM_CLASSES))
_HUE_HALF_RANGE = 0.09
_PALE, _SATURATED = (0.0, 0.3), (0.4, 0.9)


@dataclasses.dataclass(frozen=True)
class _Placement:
    """Where a form lies: a class, a centre and a radius in pixels, and an angle in radians."""

    shape: int
    center: tuple[float, float]
    radius: float
    angle: float


def draw(seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws a picture and its label.

    Args:
        seed: Seed of the split.
        number: Number of the picture.

    Returns:
        The image, uint8 `[96, 128, 3]`, and the label, uint8 `[96, 128]`: the class of each form,
        `IGNORE` along its outline and elsewhere.
    """
    # The stream of RandomState is frozen over the versions of NumPy, that of Generator is not.
    random = np.random.RandomState([seed, number])
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    image = texture.pattern(random, _colors(random, random.uniform(), _PALE), y, x)
    label = np.full([HEIGHT, WIDTH], IGNORE, np.uint8)
    # In half of the pictures the lamps are on the right.
    along = WIDTH - 1 - x if random.randint(2) else x
    for row in range(_NUM_ROWS):
        shape = random.randint(NUM_CLASSES)
        middle = (row + 0.5) * HEIGHT / _NUM_ROWS + random.uniform(-2, 2)
        shift = random.uniform(-4, 4)
        distance = np.hypot(y - middle, along - _LAMP_AT - shift) - _LAMP_RADIUS
        hue = _HUES[shape] + random.uniform(-_HUE_HALF_RANGE, _HUE_HALF_RANGE)
        image = _painted(random, image, distance, _colors(random, hue, _SATURATED), y, x)
        for column in _COLUMNS:
            placement = _placement(random, shape, middle, column + shift)
            distance = _signed_distance(placement, y, along)
            colors = _colors(random, random.uniform(), _SATURATED)
            image = _painted(random, image, distance, colors, y, x)
            label[distance <= 0] = shape
            label[np.abs(distance) <= _BORDER_HALF_WIDTH] = IGNORE
    return texture.photograph(random, image, y, x), label


def _placement(random, shape: int, y: float, x: float) -> _Placement:
    """Draws where a form lies, near a point."""
    radius = random.uniform(*_RADII)
    center = (y + random.uniform(-3, 3), x + random.uniform(-2, 2))
    return _Placement(shape, center, radius, angle=random.uniform(0, 2 * np.pi))


def _painted(random, image, distance, colors, y, x):
    """Paints a pattern where a signed distance in pixels is negative, with a soft edge."""
    coverage = np.clip(0.5 - distance, 0, 1)[..., None]
    return image * (1 - coverage) + texture.pattern(random, colors, y, x) * coverage


def _signed_distance(placement: _Placement, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Measures the distance to a shape's outline in pixels, negative inside, `[height, width]`."""
    y, x = y - placement.center[0], x - placement.center[1]
    radius, angle = placement.radius, placement.angle
    if placement.shape == DISC:
        return np.hypot(y, x) - radius * 0.9
    if placement.shape == RING:
        return np.abs(np.hypot(y, x) - radius * 0.8) - radius * 0.24
    if placement.shape == BAR:
        along = np.cos(angle) * x + np.sin(angle) * y
        across = np.cos(angle) * y - np.sin(angle) * x
        return _box_distance(np.abs(along) - radius * 1.5, np.abs(across) - radius * 0.28)
    corners, inner = {SQUARE: (4, None), TRIANGLE: (3, None), STAR: (5, 0.42)}[placement.shape]
    return _polygon_distance(_outline(corners, inner, angle) * radius * 1.15, y, x)


def _box_distance(dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
    return outside + np.minimum(np.maximum(dx, dy), 0)


def _outline(corners: int, inner: float | None, angle: float) -> np.ndarray:
    """Returns the corners `[points, (y, x)]` of a regular polygon, or of a star if inner is set."""
    points = corners if inner is None else 2 * corners
    angles = angle + 2 * np.pi * np.arange(points) / points
    radii = np.ones(points)
    if inner is not None:
        radii[1::2] = inner
    return np.stack([np.sin(angles) * radii, np.cos(angles) * radii], axis=1)


def _polygon_distance(outline: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Measures the signed distance to a closed polygon: the nearest edge, the sign by parity."""
    distance = np.full(y.shape, np.inf, np.float32)
    inside = np.zeros(y.shape, bool)
    for (y0, x0), (y1, x1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        dy, dx = y1 - y0, x1 - x0
        along = np.clip(((y - y0) * dy + (x - x0) * dx) / (dy * dy + dx * dx), 0, 1)
        distance = np.minimum(distance, np.hypot(y - y0 - along * dy, x - x0 - along * dx))
        crosses = (y0 > y) != (y1 > y)
        if dy:
            inside ^= crosses & (x < x0 + (y - y0) * dx / dy)
    return np.where(inside, -distance, distance)


def _colors(random, hue: float, saturations: tuple[float, float]) -> np.ndarray:
    """Draws two colours of one hue, float `[2, 3]` in 0..255."""
    colors = [
        colorsys.hsv_to_rgb(hue % 1, random.uniform(*saturations), random.uniform(0.25, 0.95))
        for _ in range(2)
    ]
    return np.array(colors) * 255
