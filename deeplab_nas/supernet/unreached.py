"""Parts of a supernet that no arrow leads to: they give zeros, and are not computed."""

import tensorflow as tf


def zeros_unless(reached, compute, shape, dtype):
    """Computes a part where it is reached.

    Args:
        reached: Whether it is, a bool scalar, the same on all replicas; None where it always is.
        compute: Function of whether averages of statistics move, a bool scalar, that returns the
            outputs.
        shape: Of the outputs.
        dtype: Of the outputs.

    Returns:
        The outputs, or zeros.
    """
    if reached is None:
        return compute(True)
    context = tf.distribute.get_replica_context()
    if context is not None and context.num_replicas_in_sync > 1:
        # They exchange their statistics, which a condition in the graph forbids.
        outputs = compute(reached)
        return tf.where(reached, outputs, tf.zeros_like(outputs))
    return tf.cond(reached, lambda: compute(True), lambda: tf.zeros(shape, dtype))
