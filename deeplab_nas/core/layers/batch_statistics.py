"""Normalisation by the statistics of the batch: of a replica's own, or of all replicas together."""

import tensorflow as tf


def normalize_by_batch(inputs, gamma, beta, epsilon, synchronized):
    """Normalises by the statistics of the batch, of all replicas if `synchronized`.

    Args:
        inputs: `[batch, height, width, channels]`; if `synchronized`, of one static size on all
            replicas.
        gamma: Scale, float32 `[channels]`.
        beta: Offset, float32 `[channels]`.
        epsilon: Added to the variance.
        synchronized: Whether to average over the replicas.

    Returns:
        Outputs, and the mean and unbiased variance of the batch, both float32 `[channels]`.
    """
    context = tf.distribute.get_replica_context()
    if synchronized and context is not None and context.num_replicas_in_sync > 1:
        return _synchronized(inputs, gamma, beta, epsilon)
    unused = tf.zeros([0])
    # oneDNN's bfloat16 kernels are slow where channels do not fill its vectors.
    values = tf.cast(inputs, tf.float32) if inputs.shape[-1] % 16 else inputs
    outputs, mean, variance = fused(values, gamma, beta, unused, unused, epsilon, True)
    return tf.cast(outputs, inputs.dtype), mean, variance


def fused(inputs, gamma, beta, mean, variance, epsilon, training):
    """Runs the fused kernel; in training `mean` and `variance` are empty.

    Returns:
        Outputs, mean and variance, as `normalize_by_batch` has them.
    """
    return tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=gamma,
        offset=beta,
        mean=mean,
        variance=variance,
        epsilon=epsilon,
        is_training=training,
    )[:3]


def _synchronized(inputs, gamma, beta, epsilon):
    """As `normalize_by_batch`; the replicas exchange values once forward and once backward."""

    @tf.custom_gradient
    def run(inputs, gamma, beta):
        values = tf.cast(inputs, tf.float32)
        mean, variance = _global_moments(values)
        outputs = fused(values, gamma, beta, mean, variance, epsilon, False)[0]
        count = _global_count(values)
        unbiased = variance * (count / max(count - 1, 1))

        def gradient(upstream, *_):
            return _gradients(upstream, inputs, gamma, mean, variance, epsilon)

        return (tf.cast(outputs, inputs.dtype), mean, unbiased), gradient

    return run(inputs, gamma, beta)


def _global_moments(values):
    """Mean and variance over all replicas, float32 `[channels]` each.

    Those of the replicas are put side by side and combined: E[x^2] - E[x]^2 would cancel badly.
    """
    mean = tf.reduce_mean(values, [0, 1, 2])
    variance = tf.reduce_mean(tf.math.squared_difference(values, mean), [0, 1, 2])
    context = tf.distribute.get_replica_context()
    own_row = tf.one_hot(context.replica_id_in_sync_group, context.num_replicas_in_sync)
    rows = context.all_reduce("SUM", own_row[:, None, None] * tf.stack([mean, variance]))
    means, variances = tf.unstack(rows, axis=1)
    mean = tf.reduce_mean(means, 0)
    return mean, tf.reduce_mean(variances + tf.math.squared_difference(means, mean), 0)


def _global_count(values):
    """How many values of a channel there are on all replicas."""
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    return values.shape[:-1].num_elements() * replicas


def _gradients(upstream, inputs, gamma, mean, variance, epsilon):
    """Gradients of inputs, gamma and beta; those of gamma and beta are of this replica's pixels.

    With y = gamma * xhat + beta, a gradient reaches an input also through mean and variance:
    dx = gamma / sigma * (dy - mean(dy) - xhat * mean(dy * xhat)), means over all replicas.
    """
    values = tf.cast(inputs, tf.float32)
    direct, gamma_gradient, beta_gradient, *_ = tf.raw_ops.FusedBatchNormGradV3(
        y_backprop=tf.cast(upstream, tf.float32),
        x=values,
        scale=gamma,
        reserve_space_1=mean,
        reserve_space_2=variance,
        reserve_space_3=tf.zeros([0]),
        epsilon=epsilon,
        is_training=False,
    )
    sums = tf.stack([gamma_gradient, beta_gradient])
    sums = tf.distribute.get_replica_context().all_reduce("SUM", sums)
    factor = gamma * tf.math.rsqrt(variance + epsilon) / _global_count(values)
    scale, offset = tf.unstack(sums * factor)
    through_statistics = fused(values, scale, offset, mean, variance, epsilon, False)[0]
    return tf.cast(direct - through_statistics, inputs.dtype), gamma_gradient, beta_gradient
