"""Sums of gradients over a run, which tell a preference from noise."""

import tensorflow as tf

from deeplab_nas.supernet.decoding import decisions


class GradientTally:
    """For each value of some variables the sum of its gradients, and that of their squares.

    Attributes:
        sums: `tf.Variable`s, float32, one for each variable and of its shape.
        squares: The same of the squared gradients.
        steps: `tf.Variable`, int64: how many gradients were added.
    """

    def __init__(self, variables):
        """Begins at zero; call it in `strategy.scope()`. Args: variables, Keras variables."""
        self._names = [variable.name for variable in variables]
        self.sums = [_zeros(variable.shape, tf.float32) for variable in variables]
        self.squares = [_zeros(variable.shape, tf.float32) for variable in variables]
        self.steps = _zeros([], tf.int64)

    @property
    def saved(self):
        """What a checkpoint holds of it, by name."""
        return {
            "sums": dict(zip(self._names, self.sums, strict=True)),
            "squares": dict(zip(self._names, self.squares, strict=True)),
            "steps": self.steps,
        }

    def preferences(self):
        """t of each value of the variables, an array each; see `decisions.preferences`."""
        return [
            decisions.preferences(total.numpy(), square.numpy())
            for total, square in zip(self.sums, self.squares, strict=True)
        ]

    def add(self, gradients):
        """Adds the gradients of one step; call it in `strategy.run`.

        Gradients that are not finite, as where half precision overflows, are left out together, as
        the optimizer leaves them out.

        Args:
            gradients: Float tensors, one for each variable, the same on every replica.
        """
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(one)) for one in gradients])
        for gradient, total, square in zip(gradients, self.sums, self.squares, strict=True):
            gradient = tf.where(finite, tf.cast(gradient, tf.float32), 0.0)
            total.assign_add(gradient)
            square.assign_add(gradient**2)
        self.steps.assign_add(tf.cast(finite, tf.int64))


def _zeros(shape, dtype):
    return tf.Variable(
        tf.zeros(shape, dtype),
        trainable=False,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )
