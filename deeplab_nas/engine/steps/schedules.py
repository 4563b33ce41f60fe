"""Learning rates as functions of the step (official `train_utils.get_model_learning_rate`)."""

import keras
import tensorflow as tf


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


def by_policy(config) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate of a training.

    `poly` is `(base - end) * (1 - t / total)^power + end`, `step` a staircase, `cosine` as in the
    search; each begins after the slow start.

    Args:
        config: An `OptimizationConfig`.

    Returns:
        A schedule for a Keras optimizer.
    """
    total = config.decay_steps or config.training_number_of_steps - config.slow_start_step
    schedule = _BY_POLICY[config.learning_policy](config, total)
    if not config.slow_start_step:
        return schedule
    return SlowStart(
        schedule, config.slow_start_step, config.slow_start_learning_rate, config.slow_start_linear
    )


_BY_POLICY = {
    "poly": lambda config, total: keras.optimizers.schedules.PolynomialDecay(
        config.base_learning_rate, total, config.end_learning_rate, config.learning_power
    ),
    "step": lambda config, _: keras.optimizers.schedules.ExponentialDecay(
        config.base_learning_rate,
        config.learning_rate_decay_step,
        config.learning_rate_decay_factor,
        staircase=True,
    ),
    "cosine": lambda config, total: cosine(
        config.base_learning_rate, config.end_learning_rate, total
    ),
}
POLICIES = tuple(_BY_POLICY)
