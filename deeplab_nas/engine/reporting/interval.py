"""The steps between two history lines."""

import time
from collections.abc import Sequence


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
        self._started = time.monotonic()

    def take(self, losses: dict[str, float]) -> None:
        """Keeps the losses of the newest steps."""
        self.losses.update(losses)

    def measured(self, done: int, batch_size: int) -> dict[str, float | None]:
        """Numbers of the interval for a history line.

        Args:
            done: Steps done now.
            batch_size: Images a step.

        Returns:
            The losses, `seconds_a_step` and `images_a_second`.
        """
        seconds = (time.monotonic() - self._started) / (done - self.first_step)
        return {**self.losses, "seconds_a_step": seconds, "images_a_second": batch_size / seconds}
