"""Which short training deserves a longer one: asynchronous successive halving.

Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, algorithm 2. A pure
function of what has finished and begun, so that any number of workers may ask it, in any order, and
one worker alone gets the same answers each time.
"""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

_Name = TypeVar("_Name", bound=Hashable)


def promotable(
    finished: Sequence[Mapping[str, float]], begun: Sequence[Collection[str]], reduction_factor: int
) -> tuple[str, int] | None:
    """Chooses the candidate to train next on a higher rung.

    From the second highest rung down: the best of a rung's finished candidates that is among its
    best 1 / `reduction_factor`, rounded down, and that has not begun on the next rung.

    Args:
        finished: For each rung, lowest first: the scores of the candidates whose training there has
            ended, higher is better, by name. Of equal scores the one that comes first is better.
        begun: For each rung the names of the candidates whose training there has begun, those that
            have finished included.
        reduction_factor: Of so many candidates one is promoted, 2 or more; eta in the paper.

    Returns:
        The name and the number of the rung to train it on, or None where no candidate is to be
        promoted, and a new one is to be trained on rung 0.

    Raises:
        ValueError: The factor is less than 2, the rungs differ in number or a score is NaN.
    """
    if reduction_factor < 2:
        raise ValueError(f"reduction_factor: expected 2 or more, found {reduction_factor}.")
    if len(finished) != len(begun):
        raise ValueError(f"Expected as many rungs begun as finished, {len(finished)}.")
    for rung in reversed(range(len(finished) - 1)):
        scores = finished[rung]
        if any(map(math.isnan, scores.values())):
            raise ValueError(f"finished[{rung}]: expected numbers, found NaN.")
        # The sort is stable, also where it is reversed.
        best = sorted(scores, key=scores.__getitem__, reverse=True)
        for name in best[: len(scores) // reduction_factor]:
            if name not in begun[rung + 1]:
                return name, rung + 1
    return None
