"""Random changes of an image's colours; seeded and without state."""

import tensorflow as tf

# At strength 1, as is usual for detection and segmentation since SSD (Liu et al., ECCV 2016).
_BRIGHTNESS = 32 / 255
_CONTRAST = 0.5
_SATURATION = 0.5
_HUE = 18 / 360


def jitter(image: tf.Tensor, seed: tf.Tensor, strength: float) -> tf.Tensor:
    """Changes brightness, contrast, saturation and hue, each by a draw of its own.

    Args:
        image: `[height, width, 3]`, float32 in 0..255.
        seed: `[2]`; the result is a pure function of it.
        strength: Above 0 and at most 1. At 1 brightness changes by up to 32 of 255, contrast and
            saturation by a factor of 0.5 to 1.5, hue by up to 18 degrees.

    Returns:
        The image, in 0..255.
    """
    seeds = tf.unstack(tf.random.split(seed, 4))
    factors = [
        (1 - spread * strength, 1 + spread * strength) for spread in (_CONTRAST, _SATURATION)
    ]
    image = tf.image.stateless_random_brightness(image / 255, _BRIGHTNESS * strength, seeds[0])
    image = tf.image.stateless_random_contrast(image, *factors[0], seeds[1])
    image = tf.image.stateless_random_saturation(image, *factors[1], seeds[2])
    image = tf.image.stateless_random_hue(image, _HUE * strength, seeds[3])
    return tf.clip_by_value(image, 0, 1) * 255
