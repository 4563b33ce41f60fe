"""A filter of candidates by a score of untrained networks, which has to be shown to be worth it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from deeplab_nas.errors import UserError
from deeplab_nas.selection.evidence import headroom, trained_table
from deeplab_nas.selection.evidence.trained_table import TrainedArchitecture, TrainedTable
from deeplab_nas.selection.pool import gate
from deeplab_nas.selection.pool.filter_config import FilterConfig
from deeplab_nas.selection.pool.gate import Verdict

Name = TypeVar("Name")


def verdict(
    table: TrainedTable, score: str, include: Callable[[TrainedArchitecture], bool] = lambda _: True
) -> Verdict:
    """Judges a score by a table of trained networks.

    Args:
        table: The table.
        score: Name of the score.
        include: Whether a network counts, such as one within a band.
    """
    mious = table.mious()
    rows = [
        row
        for row in table.architectures
        if score in row.scores and row.name in mious and include(row)
    ]
    return gate.judge(
        [row.scores[score] for row in rows],
        [mious[row.name] for row in rows],
        {rival: [number(row) for row in rows] for rival, number in headroom.RIVALS.items()},
    )


def check_gate(
    config: FilterConfig,
    data_set: str,
    include: Callable[[TrainedArchitecture], bool] = lambda _: True,
) -> None:
    """Lets a score through that tells good networks from bad ones on this data.

    Args:
        config: A filter.
        data_set: Name of the data set.
        include: Whether a network of the table counts.

    Raises:
        UserError: It does not, or the table is of another data set.
    """
    table = trained_table.load(config.filter_table_path)
    of = table.about.get("data set")
    if of != data_set:
        raise UserError(
            f"Expected a table of networks trained on {data_set} at --filter_table_path="
            f"{config.filter_table_path}, found one of {of}: make it with benchmarks.table."
        )
    found = verdict(table, config.filter_score, include)
    if not found.passed:
        raise UserError(
            f"Expected a --filter_score that tells good networks from bad ones on {data_set}, "
            f"found that {config.filter_score} does not ({found.reason.rstrip('.')}): leave it out."
        )


def kept(config: FilterConfig, scores: Mapping[Name, float]) -> list[Name]:
    """Keeps the best share of candidates, in their order.

    Args:
        config: A filter.
        scores: Of each candidate by its name, one or more.

    Returns:
        Their names, one at least.
    """
    best = sorted(scores, key=lambda name: -scores[name])
    chosen = set(best[: max(len(best) // config.filter_one_of, 1)])
    return [name for name in scores if name in chosen]
