"""Learning rates as functions of the step."""

import keras


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
