"""Atrous convolution as a plain one: the pixels of each phase side by side in the batch.

A convolution at rate r only ever combines pixels r apart. Once they are neighbours it is a plain
convolution, which has fast kernels and gradients everywhere.
"""

import tensorflow as tf

from deeplab_nas.core.kernels import resize


def split(images, rate):
    """Moves the pixels of each phase together.

    Args:
        images: `[batch, height, width, channels]`.
        rate: Atrous rate.

    Returns:
        `[rate * rate * batch, ceil(height / rate), ceil(width / rate), channels]`, with zeros where
        a phase has a row or a column less than the first.
    """
    if rate == 1:
        return images
    margins = [[0, margin] for margin in _margins(resize.image_size(images), rate)]
    return tf.space_to_batch(images, [rate, rate], margins)


def merge(images, rate, size):
    """Undoes `split`.

    Args:
        images: `[rate * rate * batch, *, *, channels]`.
        rate: Atrous rate.
        size: `(height, width)` before `split`.

    Returns:
        `[batch, height, width, channels]`.
    """
    if rate == 1:
        return images
    crops = [[0, margin] for margin in _margins(size, rate)]
    return tf.raw_ops.BatchToSpaceND(input=images, block_shape=[rate, rate], crops=crops)


def _margins(size, rate):
    return [-side % rate for side in size]
