"""A moving average of the weights, which often evaluates better than the last weights."""

import contextlib

import tensorflow as tf


class MovingAverage:
    """Shadows of a model's trainable variables.

    The decay is min(decay, (1 + step) / (10 + step)), so that a short training is not averaged with
    its beginning. Moving statistics of batch norm are averages already and have no shadow.

    Attributes:
        averages: `tf.Variable` by the path of the variable it is the average of.
    """

    def __init__(self, strategy, model, decay):
        """Begins with the values that the variables have now; call it in `strategy.scope()`.

        Args:
            strategy: A `tf.distribute.Strategy`.
            model: A built network.
            decay: Share of the average that stays at each step, 0..1.
        """
        self._strategy = strategy
        self._decay = decay
        self._variables = model.trainable_variables
        self.averages = {
            variable.path: tf.Variable(variable.value, trainable=False)
            for variable in self._variables
        }

    def update(self, step):
        """Takes the weights after `step` steps, a scalar tensor, into the average."""
        step = tf.cast(step, tf.float32)
        kept = tf.minimum(self._decay, (1.0 + step) / (10.0 + step))
        for variable in self._variables:
            average = self.averages[variable.path]
            self._strategy.extended.update(
                average,
                lambda shadow, value: shadow.assign_sub((1.0 - kept) * (shadow - value)),
                args=(variable.value,),
            )

    @contextlib.contextmanager
    def in_place(self):
        """Gives the variables the average as long as the context lasts."""
        weights = [variable.numpy() for variable in self._variables]
        for variable in self._variables:
            variable.assign(self.averages[variable.path])
        try:
            yield
        finally:
            for variable, value in zip(self._variables, weights, strict=True):
                variable.assign(value)
