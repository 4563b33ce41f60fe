"""Parts of a supernet that no arrow leads to: they give zeros, and are not computed."""

import tensorflow as tf


def zeros_unless(reached, compute, shape, dtype):
    """Computes a part where it is reached.

    Args:
        reached: Whether it is, a bool scalar, the same on all replicas.
        compute: Function that returns the outputs and changes nothing.
        shape: Of the outputs.
        dtype: Of the outputs.

    Returns:
        The outputs, or zeros.
    """
    context = tf.distribute.get_replica_context()
    if context is not None and context.num_replicas_in_sync > 1:
        # They exchange their statistics, which a condition in the graph forbids.
        outputs = compute()
        return tf.where(reached, outputs, tf.zeros_like(outputs))
    return tf.cond(reached, compute, lambda: tf.zeros(shape, dtype))
