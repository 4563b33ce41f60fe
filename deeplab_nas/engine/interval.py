"""The steps between two history lines."""

import time
from collections.abc import Sequence

import numpy as np

from deeplab_nas.errors import UserError


class Interval:
    """What a run measured since its last history line.

    Attributes:
        first_step: Steps done before it.
        losses: The last value of each loss by name; None for one that was not computed.
    """

    def __init__(self, first_step: int, names: Sequence[str]):
        """Begins now, after `first_step` steps, to measure the losses `names`."""
        self.first_step = first_step
        self.losses: dict[str, float | None] = dict.fromkeys(names)
        self._started = time.time()

    def take(self, losses: dict[str, float], done: int) -> None:
        """Keeps the losses of the steps up to `done`.

        Raises:
            UserError: A loss is not finite.
        """
        for name, loss in losses.items():
            if not np.isfinite(loss):
                raise UserError(
                    f"Expected a finite {name}, found {loss} between steps "
                    f"{self.first_step + 1} and {done}: nothing was saved after that, so "
                    "begin anew in another --train_logdir with a smaller --base_learning_rate."
                )
        self.losses.update(losses)

    def measured(self, done: int, batch_size: int) -> dict[str, float | None]:
        """Numbers of the interval for a history line.

        Args:
            done: Steps done now.
            batch_size: Images a step.

        Returns:
            The losses, `seconds_a_step` and `images_a_second`.
        """
        seconds = (time.time() - self._started) / (done - self.first_step)
        return {
            **self.losses,
            "seconds_a_step": seconds,
            "images_a_second": batch_size / seconds,
        }
