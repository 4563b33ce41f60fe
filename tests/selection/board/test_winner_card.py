"""The card says what the numbers allow, and no more."""

import dataclasses

import pytest

from deeplab_nas.core import nas_genotypes
from deeplab_nas.selection.board import standings, winner_card
from tests.selection.board import boards


def rows(card):
    """The cells of the rows of the card's tables."""
    lines = [line for line in card.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_card_tells_how_the_winner_was_found(tmp_path):
    board = boards.realistic(12)
    winner = standings.rank(board)[0]
    path = winner_card.write(tmp_path, board)
    with open(path, encoding="utf-8") as file:
        card = file.read()
    assert card.startswith(f"# `{winner.candidate.name}`\n")
    architecture = winner.candidate.architecture
    for words in (
        f"the arm `{winner.candidate.arm}` among 12 networks",
        "12 for 100 steps, 6 for 200 steps, 4 for 400 steps",
        f"Mean IoU {winner.miou:.4f} after 400 steps, the mean of 3 trainings",
        "{:.3f} to {:.3f}".format(*winner.interval),
        nas_genotypes.path_text(architecture.path),
        *map(nas_genotypes.block_text, architecture.cell),
    ):
        assert words in card
    for arm in board.arms:
        if arm.best != winner.candidate.name:
            lead = standings.lead(board, winner.candidate, board.candidate(arm.best))
            row = next(row for row in rows(card) if row[0] == f"best of `{arm.name}`")
            assert row[3] == f"{lead.miou:+.4f}"
            assert row[5] == ("ahead" if lead.interval[0] > 0 else "not told apart")


@pytest.mark.parametrize(
    ("mious", "verdict"),
    [
        (([0.40, 0.41], [0.20, 0.21]), "ahead"),
        (([0.31, 0.30], [0.29, 0.31]), "not told apart"),
        (([0.40], [0.20]), "nothing can be said"),
    ],
)
def test_the_verdict(mious, verdict):
    board = boards.board(*(boards.candidate(f"{i}", each) for i, each in enumerate(mious)))
    card = winner_card.make(board)
    assert rows(card)[2][-1] == verdict
    assert ("Nothing can be said" in card) == (verdict == "nothing can be said")


def test_one_network_has_no_rival():
    card = winner_card.make(boards.board(boards.candidate("one", [0.3]), boards.candidate("two")))
    assert "Against nobody" in card and "of one training, without an interval" in card


def test_nobody_wins_before_anything_is_trained():
    with pytest.raises(ValueError, match="trained"):
        winner_card.make(boards.board(boards.candidate("one")))


def test_names_are_shown_letter_by_letter():
    board = boards.board(
        boards.candidate("`<b>`|x", [0.3]),
        boards.candidate("a|b", [0.2]),
        about={"<i>": "a`` | b", "empty": ""},
    )
    card = winner_card.make(board)
    assert "# `` `<b>`|x ``" in card
    assert rows(card)[2][1] == r"`a\|b`"
    assert r"- \<i\>: ``` a`` | b ```" in card
    assert "- empty: \N{EN DASH}" in card
    assert winner_card.make(dataclasses.replace(board)) == card


def test_the_card_tells_what_arms_are_worth():
    board = boards.judged()
    card = winner_card.make(board)
    assert "trained with 2 seeds that had chosen nothing" in card
    judged = [row for row in rows(card) if len(row) == 6 and row[4] == "75% of the pairs"]
    assert [row[0] for row in judged] == [f"`{each.arm}`" for each in board.judgements[1:]]
    assert judged[0][2:4] == [f"{board.judgements[1].lead.miou:+.4f}", "-0.0100 to +0.0500"]
    assert "Which way" not in winner_card.make(boards.realistic(6))
