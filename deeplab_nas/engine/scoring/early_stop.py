"""When a search ends early, and with the architecture of which epoch (RobustDARTS)."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from deeplab_nas.engine.configs.hessian import HessianConfig


@dataclasses.dataclass(frozen=True)
class Stop:
    """An early end of a search.

    Attributes:
        epoch: After which the search ends.
        returned_epoch: Whose architecture is the one that was found.
        before: Smoothed largest eigenvalue at that epoch.
        after: The newest smoothed one.
    """

    epoch: int
    returned_epoch: int
    before: float
    after: float


def find(config: HessianConfig, epochs: Sequence[dict[str, Any]]) -> Stop | None:
    """Finds the first epoch after which the largest eigenvalue has grown too fast.

    The eigenvalues are smoothed by the mean over a window around each. The search ends where one of
    `--early_stop_offset` evaluations ago is less than `--early_stop_ratio` of the newest, and
    returns what was decoded then (Zela et al., ICLR 2020, section 4.3).

    Args:
        config: The rule.
        epochs: The records of epochs, oldest first, as the history has them.

    Returns:
        The stop; None where the rule is off or nothing has grown so fast.
    """
    if not config.early_stop:
        return None
    measured = [record for record in epochs if "hessian_largest" in record]
    values = [record["hessian_largest"] for record in measured]
    half = config.early_stop_window // 2
    for newest, record in enumerate(measured):
        # The middle of the newest window that is whole.
        middle = newest - half
        earlier = middle - config.early_stop_offset
        if earlier < 0 or measured[earlier]["epoch"] < config.early_stop_min_epoch:
            continue
        before, after = (_smoothed(values, place, half) for place in (earlier, middle))
        if before < config.early_stop_ratio * after and after > 0:
            return Stop(record["epoch"], measured[earlier]["epoch"], before, after)
    return None


def _smoothed(values, place, half):
    window = values[max(0, place - half) : place + half + 1]
    return float(np.mean(window))
