"""Draws the pictures of the built-in data set: textured shapes under uneven light, with labels.

Every picture is a pure function of a seed and its number. A class is a form in a range of hues, and
neighbouring ranges overlap: colour is a hint that a network learns in minutes on a CPU, and where
it misleads the form decides. Textures are drawn without regard to the class.
"""

import colorsys
import dataclasses

import numpy as np

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
    image = _texture(random, _BACKGROUND, y, x)
    label = np.zeros([height, width], np.uint8)
    for placement in _placements(random, height, width):
        distance = _signed_distance(placement, y, x)
        shadow = np.clip(1 - distance / random.uniform(3, 9), 0, 1) * random.uniform(0, 0.45)
        image = image * (1 - shadow)[..., None]
        coverage = np.clip(0.5 - distance, 0, 1)[..., None]
        image = image * (1 - coverage) + _texture(random, placement.shape, y, x) * coverage
        label[distance <= 0] = placement.shape
        label[np.abs(distance) <= _BORDER_HALF_WIDTH] = IGNORE
    return _photograph(random, image, y, x), label


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


def _texture(random, shape: int, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Draws a pattern between two colours of a class, float `[height, width, 3]` in 0..255."""
    first, second = _colors(random, shape)
    angle, period = random.uniform(0, np.pi), random.uniform(4, 14)
    u = np.cos(angle) * x + np.sin(angle) * y
    v = np.cos(angle) * y - np.sin(angle) * x
    kind = random.randint(6)
    if kind == 0:
        mix = (u - u.min()) / (u.max() - u.min())
    elif kind == 1:
        mix = 0.5 + 0.5 * np.clip(3 * np.sin(2 * np.pi * u / period), -1, 1)
    elif kind == 2:
        waves = np.sin(2 * np.pi * u / period / 1.5) * np.sin(2 * np.pi * v / period / 1.5)
        mix = 0.5 + 0.5 * np.clip(5 * waves, -1, 1)
    elif kind == 3:
        dots = np.cos(2 * np.pi * u / period) + np.cos(2 * np.pi * v / period)
        mix = np.clip(2 * dots - 0.6, 0, 1)
    elif kind == 4:
        mix = np.clip(_smooth_noise(random, y.shape, random.uniform(5, 12)) * 1.6 - 0.3, 0, 1)
    else:
        mix = np.full(y.shape, random.uniform(0, 1))
    grain = random.uniform(0, 14) * random.standard_normal(y.shape)
    return first + (second - first) * mix[..., None] + grain[..., None]


def _smooth_noise(random, shape: tuple[int, int], cell: float) -> np.ndarray:
    """Draws noise in 0..1 that varies over `cell` pixels, by bilinear upsampling."""
    rows, columns = (int(side / cell) + 2 for side in shape)
    coarse = random.uniform(0, 1, [rows, columns])
    down = _interpolation(shape[0], rows, cell)
    right = _interpolation(shape[1], columns, cell)
    return down @ coarse @ right.T


def _interpolation(length: int, nodes: int, cell: float) -> np.ndarray:
    positions = np.arange(length)[:, None] / cell
    return np.maximum(0, 1 - np.abs(positions - np.arange(nodes)))


def _photograph(random, image: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Adds uneven light, lens blur and sensor noise, and quantizes to uint8."""
    height, width = y.shape
    light = 0.6 + 0.7 * _smooth_noise(random, y.shape, 0.6 * max(height, width))
    off_center = np.hypot(y / height - 0.5, x / width - 0.5)
    light = light * (1 - random.uniform(0, 0.5) * off_center**2 * 2)
    tint = random.uniform(0.88, 1.12, 3)
    image = _blur(image * light[..., None] * tint, random.uniform(0.2, 0.9))
    image = image + random.uniform(2, 8) * random.standard_normal(image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    offsets = np.arange(-2, 3)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(image, [(2, 2), (2, 2), (0, 0)], "edge")
    height, width = image.shape[:2]
    rows = sum(weight * padded[k : k + height] for k, weight in enumerate(kernel))
    return sum(weight * rows[:, k : k + width] for k, weight in enumerate(kernel))
