"""Bilinear resize with aligned corners, as the official code does everywhere."""

import tensorflow as tf


def scale_dimension(dimension, scale):
    """Size of a side after a resize by `scale`; official `core.utils.scale_dimension`.

    The corners of the two grids coincide, so that 321 scales by 1/4 to 81 and back to 321.

    Args:
        dimension: Size in pixels, a Python int or an integer tensor.
        scale: Factor, a Python float.

    Returns:
        `int((dimension - 1) * scale + 1)`, truncated, of the same kind as `dimension`.
    """
    if isinstance(dimension, tf.Tensor):
        return tf.cast((tf.cast(dimension, tf.float32) - 1.0) * scale + 1.0, dimension.dtype)
    return int((float(dimension) - 1.0) * scale + 1.0)


def image_size(images):
    """Returns `(height, width)` of `[batch, height, width, channels]`, ints where static."""
    dynamic = tf.shape(images)
    return tuple(images.shape[axis] or dynamic[axis] for axis in (1, 2))


def scaled_size(images, scale):
    """Returns the `(height, width)` that `images` have after a resize by `scale`."""
    return tuple(scale_dimension(side, scale) for side in image_size(images))


def interpolation_matrix(source, target, dtype=tf.float32):
    """Matrix of the linear interpolation from `source` to `target` points with aligned ends.

    Args:
        source: Number of given points, an int or a scalar tensor.
        target: Number of wanted points, an int or a scalar tensor.
        dtype: Floating point type of the result.

    Returns:
        `[target, source]`, rows that sum to one.
    """
    source = tf.cast(source, tf.float32)
    target = tf.cast(target, tf.float32)
    step = tf.math.divide_no_nan(source - 1.0, target - 1.0)
    positions = tf.range(target) * step
    weights = tf.maximum(0.0, 1.0 - tf.abs(positions[:, None] - tf.range(source)[None, :]))
    return tf.cast(weights / tf.reduce_sum(weights, axis=1, keepdims=True), dtype)


def resize_bilinear(images, size):
    """Resizes by two interpolation matrices.

    The result is that of TensorFlow's `resize_bilinear(align_corners=True)`. Unlike that kernel,
    two matrix products have derivatives of every order and run on every device.

    Args:
        images: `[batch, height, width, channels]`, static or dynamic sizes.
        size: Target `(height, width)`, ints or scalar tensors.

    Returns:
        `[batch, size[0], size[1], channels]` of the dtype of `images`.
    """
    height, width = size
    shape = tf.shape(images)
    source = [images.shape[axis] or shape[axis] for axis in (1, 2)]
    channels = images.shape[3]
    result = images
    if not _same(source[0], height):
        rows = interpolation_matrix(source[0], height, images.dtype)
        result = tf.reshape(result, [-1, source[0], source[1] * channels])
        result = tf.linalg.matmul(rows, result)
    if not _same(source[1], width):
        columns = interpolation_matrix(source[1], width, images.dtype)
        result = tf.reshape(result, [-1, source[1], channels])
        result = tf.linalg.matmul(columns, result)
    return tf.reshape(result, [-1, height, width, channels])


def _same(source, target):
    return isinstance(source, int) and isinstance(target, int) and source == target


def resize_by_kernel(images, size):
    """Resizes as `resize_bilinear` does, by TensorFlow's kernel: several times as fast on CPU.

    The kernel's own gradient has none, without any error. Here the gradient of the map is its
    transpose and the other way round, so that derivatives of every order are right.
    """
    source = image_size(images)
    if all(_same(*sides) for sides in zip(source, size, strict=True)):
        return images

    @tf.custom_gradient
    def forward(values):
        outputs = tf.raw_ops.ResizeBilinear(images=values, size=tf.stack(size), align_corners=True)
        return tf.cast(outputs, images.dtype), transpose

    @tf.custom_gradient
    def transpose(gradients):
        outputs = tf.raw_ops.ResizeBilinearGrad(
            grads=tf.cast(gradients, tf.float32), original_image=images, align_corners=True
        )
        return outputs, forward

    return forward(images)
