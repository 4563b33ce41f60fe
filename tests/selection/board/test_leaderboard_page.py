"""The page is one file of escaped text, the same each time."""

import base64
import hashlib
import html.parser
import re

from deeplab_nas.selection.board import leaderboard_page, standings
from tests.selection.board import boards
from tests.selection.board.boards import HOSTILE


class Page(html.parser.HTMLParser):
    """The elements of a page, and the text of all."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def tags(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_same_board_gives_the_same_bytes(tmp_path):
    path = tmp_path / leaderboard_page.FILE
    board = boards.realistic(9)
    leaderboard_page.write(path, board)
    assert path.read_bytes() == leaderboard_page.render(board).encode()


def test_markup_in_names_stays_text():
    plain, hostile = (
        Page(leaderboard_page.render(board)) for board in (boards.realistic(4), boards.hostile())
    )
    assert len(hostile.tags("script")) == len(plain.tags("script")) == 1
    assert not hostile.tags("img")
    assert not any(name.startswith("on") for _, found in hostile.elements for name in found)
    # Network, arm, score, class, and a fact with its name.
    for text in (f"{HOSTILE}0", f"{HOSTILE} arm", HOSTILE):
        assert text in hostile.texts
    assert {HOSTILE} < set(hostile.texts)


def test_the_browser_is_told_to_run_and_to_ask_for_nothing_else():
    text = leaderboard_page.render(boards.hostile())
    policy = next(each["content"] for each in Page(text).tags("meta") if "http-equiv" in each)
    assert policy.startswith("default-src 'none';")
    for tag in ("script", "style"):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    for _, attributes in Page(text).elements:
        assert "style" not in attributes and "src" not in attributes
        assert attributes.get("href", "#").startswith(("#", "data:,"))


def test_every_network_has_a_row_and_every_link_a_target():
    board = boards.realistic(7)
    page = Page(leaderboard_page.render(board))
    bodies = [each["id"] for each in page.tags("tbody") if "id" in each]
    assert bodies == [f"network-{number + 1}" for number in range(7)]
    identifiers = [found["id"] for _, found in page.elements if "id" in found]
    assert len(set(identifiers)) == len(identifiers)
    links = [each["href"].removeprefix("#") for each in page.tags("a")]
    assert set(links) <= set(identifiers)
    # In the picture of a desktop and in that of a phone.
    dots = [each for each in page.tags("a") if "dot" in each.get("class", "").split()]
    assert len(dots) == 2 * 7
    for each in standings.rank(board):
        assert f"{each.miou:.4f}" in page.texts
    for name in boards.CLASS_NAMES:
        assert page.texts.count(name) == 7


def test_there_is_a_page_before_anything_is_trained():
    assert "none of them trained yet" in leaderboard_page.render(
        boards.board(boards.candidate("one"), boards.candidate("two"))
    )
    assert "0 networks" in leaderboard_page.render(boards.board(arms=()))


def test_what_arms_are_worth_has_a_row_each_and_is_left_out_where_none_was_compared():
    board = boards.judged()
    text = leaderboard_page.render(board)
    assert 'id="judged"' in text and 'id="judged"' not in leaderboard_page.render(
        boards.realistic(6)
    )
    page = Page(text)
    for judgement in board.judgements:
        told = f"{judgement.miou:.4f} ({judgement.mious[0]:.4f}, {judgement.mious[1]:.4f})"
        assert told in page.texts
    assert f"{board.judgements[1].lead.miou:+.4f}" in page.texts
    assert page.texts.count("75% of the pairs") == len(board.judgements) - 1
