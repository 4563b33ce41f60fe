"""The winner's card: how the network beside it was found, against whom, by how much, how surely."""

import os
import re
from collections.abc import Iterator, Sequence

from deeplab_nas.core import nas_genotypes
from deeplab_nas.files import atomic
from deeplab_nas.selection.board import standings
from deeplab_nas.selection.board.judgement import Judgement
from deeplab_nas.selection.board.leaderboard import Arm, Candidate, Leaderboard
from deeplab_nas.selection.board.shown import judged, quantities
from deeplab_nas.selection.board.standings import Lead, Standing

FILE = "winner_card.md"

_NOTHING = "\N{EN DASH}"


def write(folder: str | os.PathLike[str], board: Leaderboard) -> str:
    """Writes the card into a folder, whole or not at all, and returns its path.

    Raises:
        UserError: It cannot be written.
        ValueError: No network was trained.
    """
    path = os.path.join(os.fspath(folder), FILE)
    atomic.write_text(path, make(board))
    return path


def make(board: Leaderboard) -> str:
    """Says of the first network of a leaderboard how it was found and what it is.

    Args:
        board: The leaderboard.

    Returns:
        Markdown.

    Raises:
        ValueError: No network was trained.
    """
    ranked = standings.rank(board)
    if not ranked or not ranked[0].trainings:
        raise ValueError("board: expected a network that was trained.")
    parts = [_found(board, ranked), _rivals(board, ranked)]
    if board.judgements:
        parts.append(_judged(board.judgements))
    parts += [_spent(board.arms), _network(ranked[0])]
    sections = ["\n".join(part) for part in parts]
    if board.about:
        facts = (f"- {_plain(name)}: {_code(text)}" for name, text in board.about.items())
        sections.append("\n".join(["## How it was made", "", *facts]))
    return "\n\n".join(sections) + "\n"


def _found(board: Leaderboard, ranked: Sequence[Standing]) -> Iterator[str]:
    winner = ranked[0]
    yield f"# {_code(winner.candidate.name)}"
    yield ""
    reached = ", ".join(
        f"{sum(_is_trained(each.candidate, rung) for each in ranked):,} for {rung:,} steps"
        for rung in board.rungs
    )
    yield (
        f"Found by the arm {_code(winner.candidate.arm)} among {_count(len(ranked), 'network')}. "
        f"Trained were {reached}."
    )
    yield ""
    several = len(winner.trainings) > 1
    source = f"the mean of {len(winner.trainings)} trainings" if several else "of one training"
    yield (
        f"Mean IoU {winner.miou:.4f} after {winner.steps:,} steps, {source}"
        f"{_sure(winner)}. It was chosen by this number, and the first of many owes a part of it "
        "to luck: trainings with other seeds will on average give less."
    )


def _sure(winner: Standing) -> str:
    if not winner.interval:
        return ", without an interval"
    low, high = winner.interval
    whose = (
        "" if len(winner.trainings) > 1 else ", by how far apart the seeds of other networks are"
    )
    return f" (95% interval over seeds {low:.3f} to {high:.3f}{whose})"


def _rivals(board: Leaderboard, ranked: Sequence[Standing]) -> Iterator[str]:
    winner = ranked[0].candidate
    yield "## Against whom"
    yield ""
    rivals = list(_others(board, ranked))
    if not rivals:
        yield "Against nobody: no other network was trained."
        return
    leads = [standings.lead(board, winner, rival) for _, rival in rivals]
    yield "| rival | network | steps | winner ahead by | 95% interval | verdict |"
    yield "| --- | --- | ---: | ---: | --- | --- |"
    for (title, rival), lead in zip(rivals, leads, strict=True):
        yield f"| {title} | {_cell(rival.name)} | {_lead(lead)} |"
    yield ""
    if any(lead and lead.interval for lead in leads):
        yield (
            "Intervals are over the seeds of trainings, by the standard deviation of all networks "
            "that were trained several times for as many steps. They know nothing of the choice "
            "among many, nor of other images."
        )
    else:
        yield (
            "Nothing can be said about how sure this is: no network has two trainings of as many "
            "steps. Train the winner and its rivals with several seeds."
        )


def _others(board: Leaderboard, ranked: Sequence[Standing]) -> Iterator[tuple[str, Candidate]]:
    """The second of all, and the best of each arm, as far as they were trained."""
    winner = ranked[0].candidate
    if len(ranked) > 1 and ranked[1].trainings:
        yield "second of all", ranked[1].candidate
    for arm in board.arms:
        if arm.best not in (None, winner.name):
            best = board.candidate(arm.best)
            if best.trainings:
                yield f"best of {_cell(arm.name)}", best


def _lead(lead: Lead | None) -> str:
    if lead is None:
        return f"{_NOTHING} | {_NOTHING} | {_NOTHING} | no trainings of as many steps"
    start = f"{lead.steps:,} | {lead.miou:+.4f}"
    if lead.interval is None:
        return f"{start} | {_NOTHING} | nothing can be said"
    low, high = lead.interval
    verdict = "ahead" if low > 0 else "behind" if high < 0 else "not told apart"
    return f"{start} | {low:+.3f} to {high:+.3f} | {verdict}"


def _judged(judgements: Sequence[Judgement]) -> Iterator[str]:
    yield "## Which way of choosing is worth it"
    yield ""
    yield judged.note(judgements)
    yield ""
    yield f"| {' | '.join(judged.HEADS)} |"
    yield f"|{' --- |' * len(judged.HEADS)}"
    for arm, *told in judged.rows(judgements):
        yield f"| {_cell(arm)} | {' | '.join(told)} |"


def _spent(arms: Sequence[Arm]) -> Iterator[str]:
    yield "## What was spent"
    yield ""
    yield "| arm | networks | training steps | multiply-adds | time |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for arm in arms:
        cost = quantities.in_words(quantities.of_counts([arm.multiply_adds]), arm.multiply_adds)
        time = quantities.in_words(quantities.of_seconds([arm.seconds]), arm.seconds)
        yield f"| {_cell(arm.name)} | {arm.networks:,} | {arm.steps:,} | {cost} | {time} |"


def _network(winner: Standing) -> Iterator[str]:
    candidate = winner.candidate
    architecture = candidate.architecture
    activations = quantities.of_bytes([candidate.activation_bytes])
    cost = quantities.of_counts([candidate.multiply_adds])
    yield "## The network"
    yield ""
    yield f"- Path, as output strides: {nas_genotypes.path_text(architecture.path)}"
    yield "- Cell, from its first block on:"
    yield from (f"  - {_code(nas_genotypes.block_text(block))}" for block in architecture.cell)
    yield f"- Multiply-adds of an image: {quantities.in_words(cost, candidate.multiply_adds)}"
    yield f"- Trainable parameters: {candidate.parameters:,}"
    yield (
        "- Activations that training keeps of an image: "
        f"{quantities.in_words(activations, candidate.activation_bytes)}"
    )
    for name, score in candidate.scores.items():
        yield f"- Score of the untrained network, {_plain(name)}: {score:.5g}"
    if winner.class_iou:
        yield ""
        yield f"| class | IoU after {winner.steps:,} steps |"
        yield "| --- | ---: |"
        yield from (f"| {_cell(name)} | {iou:.4f} |" for name, iou in winner.class_iou.items())


def _is_trained(candidate: Candidate, steps: int) -> bool:
    return any(training.steps == steps for training in candidate.trainings)


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"


def _code(text: str) -> str:
    """A text as Markdown shows it letter by letter."""
    line = " ".join(text.split())
    longest = max(map(len, re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    room = " " if longest else ""
    return f"{fence}{room}{line}{room}{fence}" if line else _NOTHING


def _cell(text: str) -> str:
    """The same in a table, where a bar would end the cell."""
    return _code(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """A text without what Markdown and HTML take for something else."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&])", r"\\\1", " ".join(text.split()))
