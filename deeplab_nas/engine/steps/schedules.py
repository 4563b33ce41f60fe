"""Learning rates as functions of the step (official `train_utils.get_model_learning_rate`)."""

import keras
import tensorflow as tf

from deeplab_nas.errors import UserError

POLICIES = ("poly", "step", "cosine")


def cosine(
    base_learning_rate: float, end_learning_rate: float, total_steps: int
) -> keras.optimizers.schedules.CosineDecay:
    """The cosine of the search (Auto-DeepLab, section 5.1): half a period from base to end.

    At step t the rate is `end + (base - end) * (1 + cos(pi * t / total_steps)) / 2`; from
    `total_steps` on it stays at `end`.

    Args:
        base_learning_rate: Rate at step 0, above 0.
        end_learning_rate: Rate at `total_steps`.
        total_steps: Optimizer steps of the whole run.

    Returns:
        A schedule for a Keras optimizer.
    """
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=base_learning_rate,
        decay_steps=total_steps,
        alpha=end_learning_rate / base_learning_rate,
    )


def poly(
    base_learning_rate: float, end_learning_rate: float, total_steps: int, power: float = 0.9
) -> keras.optimizers.schedules.PolynomialDecay:
    """The polynomial of DeepLab: `(base - end) * (1 - t / total_steps)^power + end`.

    Args:
        base_learning_rate: Rate at step 0.
        end_learning_rate: Rate from `total_steps` on.
        total_steps: Optimizer steps until the rate has decayed.
        power: 0.9 in the paper's retraining; 1 is a straight line.

    Returns:
        A schedule for a Keras optimizer.
    """
    return keras.optimizers.schedules.PolynomialDecay(
        base_learning_rate, total_steps, end_learning_rate, power
    )


def step(
    base_learning_rate: float, decay_step: int, decay_factor: float
) -> keras.optimizers.schedules.ExponentialDecay:
    """A staircase: the rate is multiplied by `decay_factor` every `decay_step` steps.

    Args:
        base_learning_rate: Rate at step 0.
        decay_step: Optimizer steps between two drops.
        decay_factor: What the rate is multiplied by.

    Returns:
        A schedule for a Keras optimizer.
    """
    return keras.optimizers.schedules.ExponentialDecay(
        base_learning_rate, decay_step, decay_factor, staircase=True
    )


@keras.saving.register_keras_serializable(package="deeplab_nas")
class SlowStart(keras.optimizers.schedules.LearningRateSchedule):
    """Delays a schedule by some steps at a small rate (official `slow_start_step`).

    The rate is constant during these steps, or, with `linear`, rises in a straight line to where
    the schedule begins.
    """

    def __init__(self, schedule, slow_start_step, slow_start_learning_rate, linear=False):
        """Creates the schedule.

        Args:
            schedule: Schedule that begins at `slow_start_step`.
            slow_start_step: Optimizer steps before it.
            slow_start_learning_rate: Rate at step 0.
            linear: Whether the rate rises; official `slow_start_burnin_type`.
        """
        self.schedule = schedule
        self.slow_start_step = slow_start_step
        self.slow_start_learning_rate = slow_start_learning_rate
        self.linear = linear

    def __call__(self, step):
        """Learning rate at `step`, a float32 scalar."""
        step = tf.cast(step, tf.float32)
        slow = tf.constant(self.slow_start_learning_rate, tf.float32)
        if self.linear:
            rise = tf.cast(self.schedule(0), tf.float32) - slow
            slow += rise * step / float(self.slow_start_step)
        later = self.schedule(tf.maximum(step - float(self.slow_start_step), 0.0))
        return tf.where(step < float(self.slow_start_step), slow, later)

    def get_config(self):
        return {
            "schedule": keras.optimizers.schedules.serialize(self.schedule),
            "slow_start_step": self.slow_start_step,
            "slow_start_learning_rate": self.slow_start_learning_rate,
            "linear": self.linear,
        }

    @classmethod
    def from_config(cls, config):
        schedule = keras.optimizers.schedules.deserialize(config["schedule"])
        return cls(**{**config, "schedule": schedule})


def by_policy(
    learning_policy: str,
    base_learning_rate: float,
    training_number_of_steps: int,
    *,
    end_learning_rate: float = 0.0,
    decay_steps: int = 0,
    learning_power: float = 0.9,
    learning_rate_decay_step: int = 2000,
    learning_rate_decay_factor: float = 0.1,
    slow_start_step: int = 0,
    slow_start_learning_rate: float = 1e-4,
    slow_start_linear: bool = False,
) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate of a training; arguments are the official flags of the same names.

    Args:
        learning_policy: One of `POLICIES`.
        base_learning_rate: Rate at the end of the slow start.
        training_number_of_steps: Optimizer steps of the whole training.
        end_learning_rate: Last rate of `poly` and `cosine`.
        decay_steps: Steps until `poly` and `cosine` have decayed; 0 for all after the slow start.
        learning_power: Of `poly`.
        learning_rate_decay_step: Steps between two drops of `step`.
        learning_rate_decay_factor: What each drop of `step` multiplies the rate by.
        slow_start_step: Steps before the policy begins.
        slow_start_learning_rate: Rate during them.
        slow_start_linear: Whether it rises to `base_learning_rate`.

    Returns:
        A schedule for a Keras optimizer.

    Raises:
        UserError: The policy is unknown, or the slow start takes the whole training.
    """
    if slow_start_step >= training_number_of_steps:
        raise UserError(
            f"Expected a slow start shorter than the {training_number_of_steps} steps of training, "
            f"found {slow_start_step}: lower --slow_start_step."
        )
    total = decay_steps or training_number_of_steps - slow_start_step
    if learning_policy == "poly":
        schedule = poly(base_learning_rate, end_learning_rate, total, learning_power)
    elif learning_policy == "step":
        schedule = step(base_learning_rate, learning_rate_decay_step, learning_rate_decay_factor)
    elif learning_policy == "cosine":
        schedule = cosine(base_learning_rate, end_learning_rate, total)
    else:
        raise UserError(
            f"Expected --learning_policy to be one of {', '.join(POLICIES)}, "
            f"found '{learning_policy}'."
        )
    if not slow_start_step:
        return schedule
    return SlowStart(schedule, slow_start_step, slow_start_learning_rate, slow_start_linear)
