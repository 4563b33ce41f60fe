"""What replicas of a training step share; call these inside `strategy.run`."""

import tensorflow as tf


def sum_over_replicas(values):
    """Sums a tensor, or each of a list of tensors, over the replicas."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return values
    return context.all_reduce("SUM", values)


def apply_summed(optimizer, gradients, variables):
    """Applies gradients that are already those of the global batch, the same on every replica.

    Keras sums over the replicas once more, hence the division.

    Args:
        optimizer: A built Keras optimizer.
        gradients: Tensors, one for each variable.
        variables: Keras variables.
    """
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    if replicas > 1:
        gradients = [gradient / replicas for gradient in gradients]
    optimizer.apply(gradients, variables)
