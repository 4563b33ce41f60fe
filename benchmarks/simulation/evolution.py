"""Regularised evolution on a table: a mutation is the nearest row that has not been trained.

Real et al., AAAI 2019, algorithm 1. On a small table of random architectures the nearest row is far
from the mutation, so that this says little of an evolution that may train what it likes.
"""

import collections

import numpy as np

from benchmarks.simulation import arms
from benchmarks.simulation.rows import Rows

_SAMPLE = 3


def run(rows: Rows, budget: int, random: np.random.Generator) -> arms.Outcome:
    """Trains a random population in half of the budget, then mutations of its best.

    Args:
        rows: What there is.
        budget: Optimizer steps; each training is a whole one.
        random: A NumPy `Generator`.

    Returns:
        The outcome: the best of all that were trained.
    """
    # Copies of a row that was drawn twice are trained once.
    count = min(budget // rows.steps[-1], len(np.unique(rows.origins)))
    first = max(count // 2, 1)
    population = collections.deque(maxlen=first)
    trained: list[int] = []
    mious: list[float] = []
    left = np.ones(len(rows), bool)
    for number in range(count):
        wanted = None if number < first else _mutation(rows, population, random)
        row = _nearest(rows, wanted, left, random)
        left &= rows.origins != rows.origins[row]
        miou = float(rows.whole(row, random))
        trained.append(row)
        mious.append(miou)
        # The oldest one goes.
        population.append((miou, row))
    return arms.whole_trainings(rows, trained, mious)


def _mutation(rows, population, random):
    """The best of a few of the population, with one coordinate of a row that differs in it."""
    sample = random.permutation(len(population))[:_SAMPLE]
    _, parent = max(population[number] for number in sample)
    code = rows.codes[parent].copy()
    place = random.integers(len(code))
    others = rows.codes[rows.codes[:, place] != code[place], place]
    if len(others):
        code[place] = others[random.integers(len(others))]
    return code


def _nearest(rows, wanted, left, random):
    """The row with the fewest other coordinates, any of several; any at all if none is wanted."""
    distances = 0 if wanted is None else np.sum(rows.codes != wanted, axis=1)
    return int(np.argmin(np.where(left, distances + random.random(len(rows)) / 2, np.inf)))
