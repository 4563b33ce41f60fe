"""Draws the pictures of the built-in data set: textured shapes under uneven light, with labels.

Every picture is a pure function of a seed and its number. A class is a form in a range of hues, and
neighbouring ranges overlap: colour is a hint that a network learns in minutes on a CPU, and where
it misleads the form decides. Textures are drawn without regard to the class.
"""

import colorsys
import dataclasses

import numpy as np

from tfrecords_tools.drawn import texture

DISC, SQUARE, TRIANGLE, RING, BAR, STAR = range(1, 7)
IGNORE = 255

_BORDER_HALF_WIDTH = 1.25
_BACKGROUND = 0
# Hues go from 0 to 1, and the middles of the six classes lie 1/6 apart.
_HUE_HALF_RANGE = 0.09


@dataclasses.dataclass(frozen=True)
class _Placement:
    """Where a shape lies: a class, a centre and a radius in pixels, and an angle in radians."""

    shape: int
    center: tuple[float, float]
    radius: float
    angle: float


def draw(seed: int, number: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws a picture and its label.

    Args:
        seed: Seed of the split.
        number: Number of the picture.
        height: Height in pixels.
        width: Width in pixels.

    Returns:
        The image, uint8 `[height, width, 3]`, and the label, uint8 `[height, width]`: 0 background,
        1..6 the classes, `IGNORE` along the outlines.
    """
    # The stream of RandomState is frozen over the versions of NumPy, that of Generator is not.
    random = np.random.RandomState([seed, number])
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    image = texture.pattern(random, _colors(random, _BACKGROUND), y, x)
    label = np.zeros([height, width], np.uint8)
    for placement in _placements(random, height, width):
        distance = _signed_distance(placement, y, x)
        shadow = np.clip(1 - distance / random.uniform(3, 9), 0, 1) * random.uniform(0, 0.45)
        image = image * (1 - shadow)[..., None]
        coverage = np.clip(0.5 - distance, 0, 1)[..., None]
        pattern = texture.pattern(random, _colors(random, placement.shape), y, x)
        image = image * (1 - coverage) + pattern * coverage
        label[distance <= 0] = placement.shape
        label[np.abs(distance) <= _BORDER_HALF_WIDTH] = IGNORE
    return texture.photograph(random, image, y, x), label


def _placements(random, height: int, width: int) -> list[_Placement]:
    """Draws four to eight shapes, large ones first so that small ones are not buried."""
    side = min(height, width)
    radii = np.sort(random.uniform(0.13, 0.34, random.randint(4, 9)) * side)[::-1]
    return [
        _Placement(
            shape=random.randint(1, 7),
            center=(random.uniform(0, height), random.uniform(0, width)),
            radius=radius,
            angle=random.uniform(0, 2 * np.pi),
        )
        for radius in radii
    ]


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


def _colors(random, shape: int) -> np.ndarray:
    """Draws two colours of a class, float `[2, 3]` in 0..255: one hue, pale in the background."""
    hue, saturations = random.uniform(), (0.0, 0.3)
    if shape != _BACKGROUND:
        hue = (shape / 6 + random.uniform(-_HUE_HALF_RANGE, _HUE_HALF_RANGE)) % 1
        saturations = (0.4, 0.9)
    colors = [
        colorsys.hsv_to_rgb(hue, random.uniform(*saturations), random.uniform(0.25, 0.95))
        for _ in range(2)
    ]
    return np.array(colors) * 255
