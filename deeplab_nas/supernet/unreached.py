"""Parts of a supernet that no arrow leads to: they give zeros, and need not be computed."""

import tensorflow as tf

# What `Supernet.call` does about them. XLA has no gradient of what a condition leaves out: it takes
# MASKED, which computes them and gives zeros.
COMPUTED, SKIPPED, MASKED = "computed", "skipped", "masked"


def zeros_unless(reached, compute, shape, dtype, way):
    """Computes a part where it is reached.

    Args:
        reached: Whether it is, a bool scalar, the same on all replicas.
        compute: Function that returns the outputs and changes nothing.
        shape: Of the outputs.
        dtype: Of the outputs.
        way: `SKIPPED` or `MASKED`.

    Returns:
        The outputs, or zeros.
    """
    context = tf.distribute.get_replica_context()
    # Replicas exchange their statistics, which a condition in the graph forbids.
    if way == MASKED or (context is not None and context.num_replicas_in_sync > 1):
        outputs = compute()
        return tf.where(reached, outputs, tf.zeros_like(outputs))
    return tf.cond(reached, compute, lambda: tf.zeros(shape, dtype))
