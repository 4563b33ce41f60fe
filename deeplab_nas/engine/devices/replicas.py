"""What replicas of a training step share, and how they run it."""

import tensorflow as tf

from deeplab_nas.errors import UserError


def step_function(strategy, replica_step, xla):
    """What `strategy.run` takes of a step.

    Args:
        strategy: A `tf.distribute.Strategy`.
        replica_step: Function of one replica's batch.
        xla: Whether XLA compiles it whole; a TPU always does.

    Returns:
        A function of the same batch.

    Raises:
        UserError: Replicas, which exchange values within the step, cannot have it compiled.
    """
    if not xla or isinstance(strategy, tf.distribute.TPUStrategy):
        return replica_step
    if strategy.num_replicas_in_sync > 1:
        raise UserError(
            "Expected one replica, or a TPU, with --xla, found "
            f"{strategy.num_replicas_in_sync} replicas: leave it out."
        )
    return tf.function(replica_step, jit_compile=True, autograph=False)


def sum_over_replicas(values):
    """Sums a tensor, or each of a list of tensors, over the replicas; call it in `strategy.run`."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return values
    return context.all_reduce("SUM", values)


def apply_summed(optimizer, gradients, variables):
    """Applies gradients that are already those of the global batch, the same on every replica.

    Call it in `strategy.run`. Keras sums over the replicas once more, hence the division.

    Args:
        optimizer: A built Keras optimizer.
        gradients: Tensors, one for each variable.
        variables: Keras variables.
    """
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    if replicas > 1:
        gradients = [gradient / replicas for gradient in gradients]
    optimizer.apply(gradients, variables)
