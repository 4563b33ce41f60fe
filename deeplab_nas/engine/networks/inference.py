"""Class probabilities of whole images (official `model.predict_labels_multi_scale`)."""

import tensorflow as tf

from deeplab_nas.core.kernels import resize
from deeplab_nas.data import augment


def predictor(model, config):
    """Makes the function that sees whole images as an `InferenceConfig` says.

    Args:
        model: `Segmenter`.
        config: `InferenceConfig`; where it says nothing of a resize there is none.

    Returns:
        A function from images `[batch, height, width, channels]`, in 0..255, to class probabilities
        `[batch, height, width, num_classes]`, float32, of the same size.
    """

    def see(images):
        return probabilities(model, images, config.eval_scales, config.add_flipped_images)

    def see_through_windows(images):
        if config.window_size is None:
            return see(images)
        window = config.window_size
        return windowed(see, images, model.num_classes, window, config.window_overlap)

    def see_resized(images):
        if not config.min_resize_value:
            return see_through_windows(images)
        images = tf.cast(images, tf.float32)
        size = resize.image_size(images)
        resized = augment.resized_size(tf.stack(size), config)
        found = see_through_windows(resize.resize_by_kernel(images, tf.unstack(resized)))
        return resize.resize_by_kernel(found, size)

    return see_resized


def most_pixels(size, config):
    """Counts the pixels of an image where there are most of them.

    Args:
        size: `(height, width)` of the image, Python integers.
        config: `InferenceConfig`.

    Returns:
        The pixels of the image, or of the largest form in which `predictor` sees it.
    """
    resized = augment.resized_size(size, config)
    seen = resized[0] * resized[1] * max(config.eval_scales) ** 2
    return max(size[0] * size[1], round(seen))


def probabilities(model, images, eval_scales=(1.0,), add_flipped_images=False):
    """Averages the softmaxes over scales and mirror images.

    Unlike the official code it does not take another softmax of the mean, which would leave the
    probabilities almost flat.

    Args:
        model: `Segmenter`.
        images: `[batch, height, width, channels]`, float in 0..255.
        eval_scales: Factors that the images are resized by, each above 0.
        add_flipped_images: Whether to see every scale mirrored left to right as well.

    Returns:
        `[batch, height, width, num_classes]`, float32, sums to one over the classes.
    """
    images = tf.cast(images, tf.float32)
    size = resize.image_size(images)

    def softmax(inputs):
        logits = model.endpoints(inputs, training=False)["logits"]
        return tf.nn.softmax(resize.resize_by_kernel(logits, size))

    found = []
    for scale in eval_scales:
        scaled = images
        if scale != 1.0:
            scaled = resize.resize_by_kernel(images, resize.scaled_size(images, scale))
        found.append(softmax(scaled))
        if add_flipped_images:
            found.append(_mirror(softmax(_mirror(scaled))))
    return tf.add_n(found) / len(found)


def windowed(function, images, num_classes, window_size, overlap):
    """Applies a function to overlapping windows of images that do not fit in memory whole.

    The windows cover the image evenly; where they overlap, their results are averaged.

    Args:
        function: From images `[batch, *, *, channels]` to probabilities
            `[batch, *, *, num_classes]` of the same size, float32.
        images: `[batch, height, width, channels]`.
        num_classes: Number of classes.
        window_size: `(height, width)` of a window in pixels; an image that is smaller is one
            window.
        overlap: Fewest pixels that neighbours share, below both sides of a window.

    Returns:
        `[batch, height, width, num_classes]`, float32.
    """
    shape = tf.shape(images)
    height, width = shape[1], shape[2]
    rows = _window_starts(height, window_size[0], overlap)
    columns = _window_starts(width, window_size[1], overlap)
    window = tf.minimum([height, width], window_size)
    seen = tf.ones(tf.concat([[1], window, [1]], 0))

    def body(index, total, count):
        top = rows[index // tf.size(columns)]
        left = columns[index % tf.size(columns)]
        begin = tf.stack([0, top, left, 0])
        found = function(images[:, top : top + window[0], left : left + window[1]])
        return index + 1, _added(total, begin, found), _added(count, begin, seen)

    _, total, count = tf.while_loop(
        lambda index, *_: index < tf.size(rows) * tf.size(columns),
        body,
        [0, tf.zeros([shape[0], height, width, num_classes]), tf.zeros([1, height, width, 1])],
        shape_invariants=[
            tf.TensorShape([]),
            tf.TensorShape([None, None, None, num_classes]),
            tf.TensorShape([1, None, None, 1]),
        ],
        # One window at a time: that is what windows are for.
        parallel_iterations=1,
    )
    return total / count


def _added(total, begin, part):
    """Adds a part to a tensor from `begin` on, in its own memory where nothing else reads it."""
    end = begin + tf.shape(part)
    there = tf.strided_slice(total, begin, end)
    return tf.raw_ops.TensorStridedSliceUpdate(
        input=total, begin=begin, end=end, strides=tf.ones_like(begin), value=there + part
    )


def _window_starts(side, window, overlap):
    """First pixels of the fewest windows that cover a side, spread evenly."""
    free = tf.maximum(side - window, 0)
    gaps = -(-free // (window - overlap))
    return tf.range(gaps + 1) * free // tf.maximum(gaps, 1)


def _mirror(images):
    return tf.reverse(images, [2])
