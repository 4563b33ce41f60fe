"""Arms: ways to spend a budget of training steps, each once on rows that are drawn at random.

Everywhere, `rows` are `Rows`, `budget` is optimizer steps and `random` a NumPy `Generator`. No arm
spends more than the budget, and each ends with the first training that it wants and that does not
fit.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from benchmarks.simulation.rows import Rows
from deeplab_nas.selection.study import promotion


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What an arm came to.

    Attributes:
        picked: The row that it takes.
        trained: How many architectures it has trained, however shortly.
        steps: Optimizer steps spent.
        multiply_adds: The same, each step weighted with the multiply-adds of an inference.
    """

    picked: int
    trained: int
    steps: int
    multiply_adds: float


def best_of_random(rows: Rows, budget: int, random: np.random.Generator) -> Outcome:
    """Trains as many architectures as the budget has whole trainings, and takes the best."""
    count = min(budget // rows.steps[-1], len(rows))
    drawn = random.choice(len(rows), count, replace=False)
    return whole_trainings(rows, drawn, rows.whole(drawn, random))


def halving(
    rows: Rows,
    budget: int,
    random: np.random.Generator,
    reduction_factor: int,
    score: str | None = None,
    one_of: int = 1,
) -> Outcome:
    """Promotes short trainings to longer ones by ASHA's rule, one worker.

    Args:
        rows: As above.
        budget: As above.
        random: As above.
        reduction_factor: Of so many candidates of a rung one is promoted.
        score: What the candidates are filtered by before, if at all.
        one_of: Of so many that are drawn one is kept: as many are drawn as leave the candidates
            that the budget is for. Should more be needed, they come by their score.

    Returns:
        The outcome: the best of the highest rung that was reached.
    """
    order = random.permutation(len(rows))
    if score is not None:
        order = _filtered(rows, order, rows.scores[score], one_of, budget, reduction_factor)
    candidates = iter(order.tolist())
    finished: list[dict[int, float]] = [{} for _ in rows.steps]
    spent, multiply_adds = 0, 0.0
    while True:
        promoted = promotion.promotable(finished, finished, reduction_factor)
        row, rung = promoted or (next(candidates, None), 0)
        if row is None or spent + rows.steps[rung] > budget:
            break
        is_whole = rung == len(rows.steps) - 1
        miou = rows.whole(row, random) if is_whole else rows.short[rung, row]
        finished[rung][row] = float(miou)
        spent += rows.steps[rung]
        multiply_adds += rows.steps[rung] * rows.multiply_adds[row]
    highest = [scores for scores in finished if scores][-1]
    picked = max(highest, key=highest.__getitem__)
    return Outcome(picked, len(finished[0]), spent, float(multiply_adds))


def whole_trainings(rows: Rows, trained: Sequence[int], mious: Sequence[float]) -> Outcome:
    """The outcome where each row was trained wholly and the best is taken."""
    trained = np.asarray(trained)
    return Outcome(
        picked=int(trained[np.argmax(mious)]),
        trained=len(trained),
        steps=len(trained) * rows.steps[-1],
        multiply_adds=float(rows.steps[-1] * rows.multiply_adds[trained].sum()),
    )


def _filtered(rows, order, scores, one_of, budget, reduction_factor):
    """The candidates in the order in which they are trained."""
    each = sum(steps / reduction_factor**rung for rung, steps in enumerate(rows.steps))
    drawn = order[: one_of * int(np.ceil(budget / each))]
    by_score = drawn[np.argsort(-scores[drawn], kind="stable")]
    kept = len(drawn) // one_of
    best = np.isin(drawn, by_score[:kept])
    return np.concatenate([drawn[best], by_score[kept:]])
