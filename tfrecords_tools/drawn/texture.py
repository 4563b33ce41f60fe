"""Textures, light and lens of drawn pictures."""

import numpy as np


def pattern(
    random: np.random.RandomState, colors: np.ndarray, y: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """Draws a pattern between two colours with a grain.

    Args:
        random: Where kind, angle, period and grain come from.
        colors: Float `[2, 3]` in 0..255.
        y: Row of each pixel, `[height, width]`.
        x: Column of each pixel, `[height, width]`.

    Returns:
        Float `[height, width, 3]`, about 0..255.
    """
    first, second = colors
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


def photograph(
    random: np.random.RandomState, image: np.ndarray, y: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """Adds uneven light, lens blur and sensor noise, and quantizes to uint8; as `pattern`."""
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
