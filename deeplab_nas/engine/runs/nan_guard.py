"""Refuses numbers that are infinite or none, before they reach a checkpoint."""

import numpy as np
import tensorflow as tf

from deeplab_nas.errors import UserError


def check_told(told, circumstances):
    """Checks what a step tells.

    Args:
        told: Floats by name.
        circumstances: Function that says in a few words when it happened.

    Raises:
        UserError: One is not finite.
    """
    for name, value in told.items():
        if not np.isfinite(value):
            raise UserError(
                f"Expected a finite {name}, found {value} {circumstances()}: nothing was saved "
                "after that, so begin anew in another --train_logdir with a smaller "
                "--base_learning_rate, or see with --debug_numerics where it comes from."
            )


def check_variables(variables):
    """Checks what is about to be saved.

    Args:
        variables: `tf.Variable`s by name.

    Raises:
        UserError: A floating point one holds a number that is not finite.
    """
    for name, variable in variables.items():
        if variable.dtype.is_floating and not tf.reduce_all(tf.math.is_finite(variable)):
            raise UserError(
                f"Expected finite numbers to save, found others in {name}: the older checkpoints "
                "stay as they are; begin anew in another --train_logdir with a smaller "
                "--base_learning_rate, or see with --debug_numerics where they come from."
            )
