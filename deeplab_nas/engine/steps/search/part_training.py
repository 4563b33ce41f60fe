"""Training what is left of a supernet while a choice is made of it."""

import contextlib
import itertools

import tensorflow as tf


class PartTraining(contextlib.AbstractContextManager):
    """Some steps of the weights at each call; when the context ends the weights are as before.

    Between the decisions of DARTS-PT the supernet gets used to what was cut (Wang et al., ICLR
    2021, algorithm 1).
    """

    def __init__(self, update, variables, batches, count):
        """Creates it.

        Args:
            update: Of `SearchStep.update_of_part`.
            variables: What it updates.
            batches: Iterator of what it is trained on, as `Batches.from_step` yields it.
            count: Steps of a call.
        """
        self._update = update
        self._variables = variables
        self._batches = batches
        self._count = count

    def __enter__(self):
        self._before = [tf.identity(variable.value) for variable in self._variables]
        return self

    def __exit__(self, *_):
        for variable, value in zip(self._variables, self._before, strict=True):
            variable.assign(value)

    def __call__(self, operations, arrows):
        """Trains a part; arguments as of `SupernetLoss`."""
        operations = tf.constant(operations, tf.float32)
        arrows = None if arrows is None else tf.constant(arrows, tf.float32)
        for batch in itertools.islice(self._batches, self._count):
            self._update(*batch, operations, arrows)
