"""Cross entropy per pixel with ignored pixels (official `utils/train_utils.py`)."""

from collections.abc import Sequence

import tensorflow as tf


def pixel_cross_entropy(
    logits: tf.Tensor,
    labels: tf.Tensor,
    ignore_label: int,
    class_weights: Sequence[float] | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sums the cross entropy over the pixels that carry a label.

    The sum and the count are returned apart, so that replicas that see different amounts of
    ignored pixels can be divided by their global count.

    Args:
        logits: `[batch, height, width, classes]`, of any float type; computed on in float32.
        labels: Class ids `[batch, height, width]`, of any integer type.
        ignore_label: Id of the pixels that weigh nothing. It may lie outside the classes.
        class_weights: What the loss of a pixel of each class is multiplied by; None for 1.

    Returns:
        `(loss_sum, num_valid)`: two float32 scalars, in nats and in pixels. The count is not
        weighted, as in the official code.
    """
    losses, valid = _pixel_losses(logits, labels, ignore_label, class_weights)
    return tf.reduce_sum(losses), tf.reduce_sum(valid)


def hardest_pixel_cross_entropy(
    logits: tf.Tensor,
    labels: tf.Tensor,
    ignore_label: int,
    share: tf.Tensor | float,
    class_weights: Sequence[float] | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sums the cross entropy over the pixels with the largest (hard example mining).

    Args:
        logits, labels, ignore_label: As in `pixel_cross_entropy`.
        share: Share of all pixels, ignored ones included, that is kept; see `mined_share`. It may
            change from step to step: every shape stays the same.
        class_weights: As there; mining compares the weighted losses.

    Returns:
        `(loss_sum, num_kept)`: two float32 scalars, in nats and in pixels. Pixels without any loss
        are not counted.
    """
    losses, _ = _pixel_losses(logits, labels, ignore_label, class_weights)
    losses = tf.reshape(losses, [-1])
    kept = tf.cast(tf.cast(share, tf.float32) * tf.cast(tf.size(losses), tf.float32), tf.int32)
    hardest_first, _ = tf.math.top_k(losses, tf.size(losses))
    hardest = tf.where(tf.range(tf.size(losses)) < kept, hardest_first, 0.0)
    return tf.reduce_sum(hardest), tf.reduce_sum(tf.cast(hardest != 0.0, tf.float32))


def mined_share(
    step: tf.Tensor | int, top_k_percent_pixels: float, hard_example_mining_step: int
) -> tf.Tensor:
    """Share of the pixels that mining keeps at a step.

    Args:
        step: Optimizer steps done.
        top_k_percent_pixels: Share in the end, 0..1. The official flag has this misleading name.
        hard_example_mining_step: Steps during which the share falls from 1 in a straight line;
            0: it never was larger.

    Returns:
        float32 scalar.
    """
    if not hard_example_mining_step:
        return tf.constant(top_k_percent_pixels, tf.float32)
    ratio = tf.minimum(1.0, tf.cast(step, tf.float32) / float(hard_example_mining_step))
    return ratio * top_k_percent_pixels + (1.0 - ratio)


def count_valid(labels: tf.Tensor, ignore_label: int) -> tf.Tensor:
    """Returns how many pixels of integer labels carry one, a float32 scalar."""
    return tf.reduce_sum(tf.cast(tf.not_equal(labels, ignore_label), tf.float32))


def mean_loss(loss_sum: tf.Tensor, num_valid: tf.Tensor) -> tf.Tensor:
    """Divides a summed loss by its number of pixels.

    Returns:
        Float scalar; 0 with a gradient of 0 when no pixel is valid.
    """
    return tf.math.divide_no_nan(loss_sum, num_valid)


def _pixel_losses(logits, labels, ignore_label, class_weights):
    """Weighted losses and whether a pixel counts, both float32 `[batch, height, width]`."""
    labels = tf.cast(labels, tf.int32)
    valid = tf.not_equal(labels, ignore_label)
    # An id outside the classes is an error on CPU and NaN elsewhere even where the weight is 0.
    safe_labels = tf.where(valid, labels, tf.zeros_like(labels))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=safe_labels, logits=tf.cast(logits, tf.float32)
    )
    valid = tf.cast(valid, tf.float32)
    weights = valid
    if class_weights is not None:
        weights *= tf.gather(tf.constant(class_weights, tf.float32), safe_labels)
    return losses * weights, valid
