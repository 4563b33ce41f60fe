"""Pictures and label maps that cost a decoder about what photographs and their labels cost."""

import numpy as np
from PIL import Image


def photograph(seed: int, height: int, width: int) -> Image.Image:
    """Soft shapes with a grain: as PNG about 1.3 bytes a pixel, as Cityscapes has."""
    random = np.random.default_rng(seed)
    pixels = np.zeros([height, width, 3], np.float32)
    for scale, strength in ((4, 90), (16, 60), (64, 30), (256, 10)):
        size = (max(2, width * scale // 1024), max(2, height * scale // 1024))
        for channel in range(3):
            coarse = Image.fromarray(random.normal(0, 1, size[::-1]).astype(np.float32))
            pixels[..., channel] += strength * np.array(coarse.resize((width, height), 3))
    pixels += 128 + random.normal(0, 1.2, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def labels(seed: int, height: int, width: int, ids: list[int]) -> Image.Image:
    """Connected regions, each of one of the ids."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.uniform(0, 1, (3, 5)).astype(np.float32))
    field = np.array(coarse.resize((width, height), Image.Resampling.BICUBIC))
    return Image.fromarray(np.array(ids, np.uint8)[(field.clip(0, 0.999) * len(ids)).astype(int)])
