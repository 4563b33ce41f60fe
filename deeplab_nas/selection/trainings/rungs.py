"""The same training in fewer steps, a whole schedule of them.

What ranks networks well at a small price is a short training that ends, not a long one that is cut
off: a learning rate that has not come down ranks badly. So whatever a recipe counts in steps
shrinks with them.
"""

import dataclasses

from deeplab_nas.engine.configs.train import TrainConfig

# What is counted in steps, and the least that it may shrink to: a decay within 0 steps is another.
_LEAST = {
    "decay_steps": 1,
    "learning_rate_decay_step": 1,
    "slow_start_step": 0,
    "hard_example_mining_step": 0,
}


def shortened(config: TrainConfig, steps: int) -> TrainConfig:
    """Makes a training of another length, whose schedules have the same form.

    Args:
        config: A `TrainConfig`.
        steps: Optimizer steps of the training.

    Returns:
        The configuration of a training of that many steps, evaluated at the end alone. Averages
        forget what was at the start as far as they do in the whole training.
    """
    whole = config.optimization.training_number_of_steps
    counts = {name: getattr(config.optimization, name) for name in _LEAST}
    shrunk = {
        name: max(count * steps // whole, _LEAST[name]) for name, count in counts.items() if count
    }
    optimization = dataclasses.replace(
        config.optimization, training_number_of_steps=steps, **shrunk
    )
    return dataclasses.replace(
        config,
        optimization=optimization,
        batch_norm_decay=config.batch_norm_decay ** (whole / steps),
        moving_average_decay=config.moving_average_decay ** (whole / steps),
        eval_interval_steps=0,
    )
