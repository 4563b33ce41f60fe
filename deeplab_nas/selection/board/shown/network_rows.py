"""The page's table of networks: its heads, and for each network a row and what is below it."""

import itertools
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from deeplab_nas.core import nas_genotypes
from deeplab_nas.drawing import scatter_svg
from deeplab_nas.selection.board.leaderboard import Leaderboard
from deeplab_nas.selection.board.shown import network_details, quantities
from deeplab_nas.selection.board.standings import Standing

NOTHING = "\N{EN DASH}"


class _Head(NamedTuple):
    """The head of a column: whether it holds numbers, and whether the first click makes them fall.

    That shows the best first, or what costs least.
    """

    title: str
    numbers: bool = True
    falls: bool = False


class _Cell(NamedTuple):
    """What stands in a column, HTML, and what it is sorted by; None comes last."""

    shown: str
    key: float | str | None


def identifier(number: int) -> str:
    """Returns the target of links to a network by its number in the ranking, from 0."""
    return f"network-{number + 1}"


def arm(name: str, group: int) -> str:
    """Returns the name of an arm behind a mark in its colour, HTML."""
    return f'<span class="swatch {scatter_svg.group_classes(group)}"></span>{long_text(name)}'


def long_text(text: str) -> str:
    """Returns a text that is cut off where it is too long, HTML."""
    return f'<span class="long" title="{escape(text)}">{escape(text)}</span>'


def render(board: Leaderboard, ranked: Sequence[Standing]) -> tuple[str, str]:
    """Returns the cells of the head and the bodies of the table, HTML."""
    table = _Table(board, ranked)
    bodies = (_body(number, each, table) for number, each in enumerate(ranked))
    return "\n".join(_head(*each) for each in enumerate(table.heads)), "\n".join(bodies)


class _Table:
    """The columns of the table, in units that fit all networks."""

    def __init__(self, board: Leaderboard, ranked: Sequence[Standing]) -> None:
        candidates = [each.candidate for each in ranked]
        self._groups = {arm.name: number for number, arm in enumerate(board.arms)}
        self._scores = list(dict.fromkeys(itertools.chain(*(each.scores for each in candidates))))
        self._costs = [
            quantities.of_counts(each.multiply_adds for each in candidates),
            quantities.of_counts(each.parameters for each in candidates),
            quantities.of_bytes(each.activation_bytes for each in candidates),
            quantities.of_seconds(map(_seconds, ranked)),
        ]
        titles = ("multiply-adds", "parameters", "activations", "training time")
        self.heads = [
            _Head("rank"),
            _Head("network", numbers=False),
            _Head("mean IoU", falls=True),
            _Head("95% interval", falls=True),
            _Head("steps", falls=True),
            _Head("trainings", falls=True),
            _Head("arm", numbers=False),
            _Head("path", numbers=False),
            *(
                _Head(f"{title}\n({unit.name})" if unit.name else title)
                for title, unit in zip(titles, self._costs, strict=True)
            ),
            *(_Head(name, falls=True) for name in self._scores),
        ]

    def cells(self, number: int, standing: Standing) -> Iterator[_Cell]:
        """Returns the cells of a network's row."""
        candidate, path = standing.candidate, standing.candidate.architecture.path
        yield _number(number + 1)
        yield _Cell(_toggle(number, candidate.name), candidate.name)
        yield _Cell(miou(standing), standing.miou)
        yield _Cell(interval(standing), standing.interval and standing.interval[0])
        yield _number(standing.steps)
        yield _number(len(standing.trainings))
        yield _Cell(arm(candidate.arm, self._groups[candidate.arm]), candidate.arm)
        strides = nas_genotypes.path_text(path)
        yield _Cell(network_details.small_path(path) + long_text(strides), strides)
        costs = candidate.multiply_adds, candidate.parameters, candidate.activation_bytes
        for unit, value in zip(self._costs, (*costs, _seconds(standing)), strict=True):
            yield _Cell(unit.text(value), value)
        for name in self._scores:
            score = candidate.scores.get(name)
            yield _Cell(NOTHING if score is None else f"{score:.5g}", score)


def miou(standing: Standing) -> str:
    """Returns the mean IoU of a network as the page shows it."""
    return NOTHING if standing.miou is None else f"{standing.miou:.4f}"


def interval(standing: Standing) -> str:
    """Returns the interval of a network as the page shows it."""
    return "{:.3f} to {:.3f}".format(*standing.interval) if standing.interval else NOTHING


def _seconds(standing: Standing) -> float:
    return sum(training.seconds for training in standing.candidate.trainings)


def _number(value: int) -> _Cell:
    return _Cell(f"{value:,}", value)


def _toggle(number: int, name: str) -> str:
    attributes = f'class="toggle" aria-controls="{identifier(number)}-more" title="{escape(name)}"'
    return f'<button type="button" {attributes}>{escape(name)}</button>'


def _head(column: int, head: _Head) -> str:
    kind = "number" if head.numbers else "text"
    first = "descending" if head.falls else "ascending"
    # The table is written in the order of its first column.
    order = "" if column else ' aria-sort="ascending"'
    attributes = f'scope="col" class="{kind}" data-kind="{kind}" data-first="{first}"{order}'
    return f'<th {attributes}><button type="button">{escape(head.title)}</button></th>'


def _body(number: int, standing: Standing, table: _Table) -> str:
    row = []
    for head, cell in zip(table.heads, table.cells(number, standing), strict=True):
        tag, scope = ("th", ' scope="row"') if head.title == "network" else ("td", "")
        kind = ' class="number"' if head.numbers else ""
        key = "" if cell.key is None else f' data-key="{escape(str(cell.key))}"'
        row.append(f"<{tag}{scope}{kind}{key}>{cell.shown}</{tag}>")
    name = identifier(number)
    return (
        f'<tbody id="{name}"><tr>{"".join(row)}</tr>\n'
        f'<tr class="more" id="{name}-more"><td colspan="{len(table.heads)}">\n'
        f"{network_details.render(standing)}\n</td></tr></tbody>"
    )
