"""Cross entropy per pixel with ignored pixels (official `utils/train_utils.py`)."""

import tensorflow as tf


def pixel_cross_entropy(
    logits: tf.Tensor, labels: tf.Tensor, ignore_label: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sums the cross entropy over the pixels that carry a label.

    The sum and the count are returned apart, so that replicas that see different amounts of
    ignored pixels can be divided by their global count.

    Args:
        logits: `[batch, height, width, classes]`, of any float type; computed on in float32.
        labels: Class ids `[batch, height, width]`, of any integer type.
        ignore_label: Id of the pixels that weigh nothing. It may lie outside the classes.

    Returns:
        `(loss_sum, num_valid)`: two float32 scalars, in nats and in pixels.
    """
    labels = tf.cast(labels, tf.int32)
    valid = tf.not_equal(labels, ignore_label)
    # An id outside the classes is an error on CPU and NaN elsewhere even where the weight is 0.
    safe_labels = tf.where(valid, labels, tf.zeros_like(labels))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=safe_labels, logits=tf.cast(logits, tf.float32)
    )
    weights = tf.cast(valid, tf.float32)
    return tf.reduce_sum(losses * weights), tf.reduce_sum(weights)


def mean_loss(loss_sum: tf.Tensor, num_valid: tf.Tensor) -> tf.Tensor:
    """Divides a summed loss by its number of pixels.

    Args:
        loss_sum: Float scalar, the loss summed over the valid pixels.
        num_valid: Float scalar, the number of valid pixels.

    Returns:
        Float scalar; 0 with a gradient of 0 when no pixel is valid.
    """
    return tf.math.divide_no_nan(loss_sum, num_valid)
