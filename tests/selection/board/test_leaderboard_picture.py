"""The picture shows what was trained, and compares what can be compared."""

from PIL import Image

from deeplab_nas.selection.board import leaderboard_picture, standings
from tests.selection.board import boards


def test_dots_are_the_trained_networks():
    board = boards.board(
        boards.candidate("best", [0.3, 0.4], multiply_adds=1_500_000_000),
        boards.candidate("early", [0.9, 0.8], steps=100, multiply_adds=500_000_000),
        boards.candidate("untrained", multiply_adds=10**13),
    )
    ranked = standings.rank(board)
    plot = leaderboard_picture.plot(board, ranked)
    assert [(dot.name, dot.x, dot.minor) for dot in plot.dots] == [
        ("best", 1.5, False),
        ("early", 0.5, True),
    ]
    assert plot.dots[0].y == ranked[0].miou and plot.dots[0].interval == ranked[0].interval
    # After 100 steps: not to be compared.
    assert plot.dots[1].interval is None
    assert "billions" in plot.titles[0] and "400 steps" in plot.titles[1]


def test_the_file_is_a_picture(tmp_path):
    path = tmp_path / leaderboard_picture.FILE
    for board in (boards.board(boards.candidate("untrained")), boards.realistic(5)):
        leaderboard_picture.write(path, board)
        with Image.open(path) as picture:
            assert picture.format == "PNG" and picture.width >= 800
