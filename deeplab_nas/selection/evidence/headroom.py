"""Whether architectures differ by more than seeds do, and what predicts which one is better.

Where they do not differ, no search can be shown to find anything: the proxy has to change first.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from deeplab_nas.engine.reporting import table
from deeplab_nas.errors import UserError
from deeplab_nas.selection.evidence import statistics, variance_shares
from deeplab_nas.selection.evidence.statistics import Estimate
from deeplab_nas.selection.evidence.trained_table import TrainedArchitecture, TrainedTable
from deeplab_nas.selection.evidence.variance_shares import GridShares, PredictedShares

# Standard deviation over architectures by that over seeds, from which a proxy tells them apart.
LEAST_RATIO = 1.5
LEAST_ARCHITECTURES = 10
LEAST_REPEATED = 2

# What costs nothing to know of an architecture, and a score has to be better than.
RIVALS = {
    "multiply-adds": lambda row: row.multiply_adds,
    "parameters": lambda row: row.parameters,
    "mean level": lambda row: np.mean(row.architecture.path),
}


@dataclasses.dataclass(frozen=True)
class Correlation:
    """How something known early ranks architectures.

    Attributes:
        name: Of what is known.
        architectures: How many it is known of.
        spearman: With the mIoU of the whole training, with an interval over architectures; None
            for fewer than 3 or where it is the same for all.
        partial: The same given the multiply-adds; None where they rank alike.
    """

    name: str
    architectures: int
    spearman: Estimate | None
    partial: float | None


@dataclasses.dataclass(frozen=True)
class Headroom:
    """What a table of trained architectures leaves to be found.

    Attributes:
        architectures: How many have a whole training.
        repeated: How many of them have several.
        mean: mIoU of one whole training each.
        seeds_std: Standard deviation between trainings of one architecture, pooled.
        architectures_std: That between architectures, the seeds' taken off.
        ratio: The second by the first, with an interval over architectures.
        predicted: Shares of path and cell in the variance of single trainings.
        grid: The same by a two-way analysis, where the table is a grid of paths and cells.
        correlations: Of the rungs, the scores and the trivial rivals.
    """

    architectures: int
    repeated: int
    mean: float
    seeds_std: float
    architectures_std: float
    ratio: Estimate
    predicted: PredictedShares
    grid: GridShares | None
    correlations: tuple[Correlation, ...]

    @property
    def varies_enough(self) -> bool:
        """Whether architectures vary at least 1.5 times as much as seeds."""
        return self.ratio.value >= LEAST_RATIO


def of(trained: TrainedTable, seed: int = 0) -> Headroom:
    """Computes the report.

    Args:
        trained: The table.
        seed: Of bootstraps and shuffles.

    Raises:
        UserError: Fewer than 10 architectures have a whole training, fewer than 2 several, or those
            do not differ.
    """
    rows = [row for row in trained.architectures if row.by_seed(trained.whole_steps)]
    repeats = trained.repeats()
    if len(rows) < LEAST_ARCHITECTURES or len(repeats) < LEAST_REPEATED:
        raise UserError(
            f"Expected {LEAST_ARCHITECTURES} architectures or more with a training of "
            f"{trained.whole_steps} steps, {LEAST_REPEATED} of them with several seeds, found "
            f"{len(rows)} and {len(repeats)}: train more of them with benchmarks.table."
        )
    single = {row.name: next(iter(row.by_seed(trained.whole_steps).values())) for row in rows}
    values = np.array(list(single.values()))
    squares = np.array([np.var(list(each.values())) * len(each) for each in repeats.values()])
    freedoms = np.array([len(each) - 1 for each in repeats.values()])
    seeds = squares.sum() / freedoms.sum()
    if not (seeds and np.ptp(values)):
        raise UserError(
            "Expected architectures, and trainings of one architecture by several seeds, that "
            "differ in mIoU, found equal ones: train them with seeds of their own."
        )

    def ratio(values, which, axis):
        which = which.astype(int)
        within = squares[which].sum(axis=axis) / freedoms[which].sum(axis=axis)
        return np.sqrt(np.maximum(np.var(values, axis=axis, ddof=1) / within - 1, 0))

    grid = {(row.architecture.path, row.architecture.cell): single[row.name] for row in rows}
    return Headroom(
        architectures=len(rows),
        repeated=len(repeats),
        mean=float(values.mean()),
        seeds_std=float(np.sqrt(seeds)),
        architectures_std=float(np.sqrt(max(np.var(values, ddof=1) - seeds, 0.0))),
        ratio=statistics.bootstrap([values, np.arange(len(squares))], ratio, seed),
        predicted=variance_shares.predicted([row.architecture for row in rows], values, seed),
        grid=variance_shares.of_grid(grid, float(seeds)),
        correlations=tuple(_correlations(trained, rows, seed)),
    )


def render(report: Headroom) -> str:
    """Returns the report as text, a fact a line."""
    shares = report.predicted
    lines = [
        ("architectures", f"{report.architectures}, {report.repeated} of them by several seeds"),
        ("mean mIoU", f"{report.mean:.4f}"),
        ("between architectures", f"{report.architectures_std:.4f} (standard deviation)"),
        ("between seeds", f"{report.seeds_std:.4f}"),
        ("ratio", f"{_text(report.ratio)}, {LEAST_RATIO} is needed: {_verdict(report)}"),
        (
            "predicted of unseen ones",
            f"{shares.path:.2f} by the path, {shares.cell:.2f} by the cell, {shares.both:.2f} by "
            f"both, of {_ceiling(report):.2f} that are not the seeds'",
        ),
    ]
    if report.grid:
        grid = report.grid
        lines.append(
            (
                "sum of squares",
                f"{grid.path:.2f} path, {grid.cell:.2f} cell, {grid.interaction:.2f} both together "
                f"({grid.seeds:.2f} of it the seeds')",
            )
        )
    for one in report.correlations:
        known = "none" if one.spearman is None else _text(one.spearman)
        given = "" if one.partial is None else f", {one.partial:+.2f} given multiply-adds"
        lines.append((f"Spearman of {one.name}", f"{known}{given} (n = {one.architectures})"))
    return table.render(lines)


def _text(estimate):
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def _verdict(report):
    return "architectures matter" if report.varies_enough else "change the proxy"


def _ceiling(report):
    between, seeds = report.architectures_std**2, report.seeds_std**2
    return between / (between + seeds)


def _correlations(trained, rows, seed):
    """Of everything that is known early, whatever of it the table has."""
    whole = trained.mious()
    counted = {row.name: row.multiply_adds for row in rows}
    for steps in trained.rungs:
        yield _correlation(f"{steps} steps", trained.mious(steps), whole, counted, seed)
        pairs = _by_another_seed(trained, rows, steps)
        yield _correlation(f"{steps} steps, by another seed", *pairs, counted, seed)
    # What no early figure can be better than: the whole training itself.
    pairs = _by_another_seed(trained, rows, trained.whole_steps)
    yield _correlation("the whole training, by another seed", *pairs, counted, seed)
    for name in trained.score_names:
        scores = {row.name: row.scores[name] for row in rows if name in row.scores}
        yield _correlation(name, scores, whole, counted, seed)
    for name, number in RIVALS.items():
        yield _correlation(name, {row.name: number(row) for row in rows}, whole, counted, seed)


def _by_another_seed(
    trained: TrainedTable, rows: list[TrainedArchitecture], steps: int
) -> tuple[dict[str, float], dict[str, float]]:
    """One training of so many steps, and the mean of the whole ones by other seeds, by name."""
    short, others = {}, {}
    for row in rows:
        for seed, miou in row.by_seed(steps).items():
            whole = row.by_seed(trained.whole_steps)
            rest = [value for other, value in whole.items() if other != seed]
            if rest:
                short[row.name], others[row.name] = miou, float(np.mean(rest))
                break
    return short, others


def _correlation(
    name: str,
    known: Mapping[str, float],
    whole: Mapping[str, float],
    counted: Mapping[str, int],
    seed: int,
) -> Correlation:
    names = [each for each in known if each in whole]
    first, second, given = ([of[each] for each in names] for of in (known, whole, counted))
    if len(names) < 3 or not (np.ptp(first) and np.ptp(second)):
        return Correlation(name, len(names), None, None)
    return Correlation(
        name,
        len(names),
        statistics.spearman_interval(first, second, seed),
        statistics.partial_spearman(first, second, given),
    )
