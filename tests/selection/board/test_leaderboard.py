"""What is written is read, and nothing else is."""

import copy
import dataclasses
import json

import pytest

from deeplab_nas.selection.board import leaderboard
from tests.refusals import refused
from tests.selection.board import boards

BOARD = boards.realistic(6)
DOCUMENT = json.loads(BOARD.to_json())


def test_a_leaderboard_comes_back(tmp_path):
    path = tmp_path / leaderboard.FILE
    BOARD.save(path)
    assert leaderboard.load(path) == BOARD
    empty = dataclasses.replace(BOARD, about={}, candidates=(), arms=())
    assert leaderboard.from_json(empty.to_json()) == empty


def test_judgements_come_back():
    judged = boards.judged()
    assert leaderboard.from_json(judged.to_json()) == judged


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("arm", "none", ["judgements[1].arm", "none"]),
        ("picks", ["random_99", "random_1"], ["judgements[1].picks"]),
        ("mious", [0.3], ["judgements[1].mious"]),
        ("mious", [0.3, 1.2], ["judgements[1].mious[1]", "0 to 1"]),
        ("seeds", 0, ["judgements[1].seeds"]),
        ("lead", {"miou": 0.1}, ["judgements[1].lead", "low"]),
    ],
)
def test_what_is_no_judgement_is_refused(key, value, words):
    document = json.loads(boards.judged().to_json())
    document["judgements"][1][key] = value
    with refused(*words):
        leaderboard.from_json(json.dumps(document))


def test_the_document_has_the_agreed_form():
    assert list(DOCUMENT) == ["format", "version", "about", "rungs", "candidates", "arms"]
    first = BOARD.candidates[0]
    keys = ["name", "arm", "path", "cell", "multiply_adds", "parameters", "activation_bytes"]
    assert list(DOCUMENT["candidates"][0]) == [*keys, "scores", "trainings"]
    assert DOCUMENT["candidates"][0]["path"] == list(first.architecture.path)
    assert DOCUMENT["candidates"][0]["trainings"][0] == dataclasses.asdict(first.trainings[0])
    assert DOCUMENT["arms"] == [dataclasses.asdict(arm) for arm in BOARD.arms]
    # A line for each, so that people and `diff` see which has changed.
    lines = BOARD.to_json().splitlines()
    assert sum('"name":' in line for line in lines) == len(BOARD.candidates) + len(BOARD.arms)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("format",), "other", ["format", "deeplab_nas.leaderboard"]),
        (("version",), 2, ["version", "1"]),
        (("about", "seed"), 1, ["about.seed", "a string"]),
        (("rungs",), [200, 100], ["rungs", "rising"]),
        (("rungs",), [], ["rungs"]),
        (("rungs",), [100, 200], ["candidates[", "rungs"]),
        (("candidates", 0, "name"), "random_2", ["random_2", "twice"]),
        (("candidates", 0, "name"), "two\nlines", ["candidates[0].name", "one line"]),
        (("candidates", 0, "arm"), "none", ["candidates[0].arm", "none"]),
        (("candidates", 1, "path"), [0, 2, 2, 2, 2], ["candidates[1]", "path[1]"]),
        (("candidates", 1, "cell", 0, 0), [0, "zero"], ["candidates[1]", "cell[0][0]"]),
        (("candidates", 0, "parameters"), 1.5, ["candidates[0].parameters", "integer"]),
        (("candidates", 0, "scores", "naswot"), "high", ["scores.naswot", "a number"]),
        (("candidates", 0, "trainings", 0, "miou"), 1.1, ["trainings[0].miou", "0 to 1"]),
        (("candidates", 0, "trainings", 0, "miou"), True, ["trainings[0].miou", "a number"]),
        (("candidates", 0, "trainings", 0, "class_iou", "sky"), -1, ["class_iou.sky", "0 to 1"]),
        (("candidates", 0, "trainings", 0, "seconds"), -1, ["trainings[0].seconds", ">= 0"]),
        (("candidates", 0, "trainings", 0, "more"), 1, ["trainings[0]", "more"]),
        (("arms", 0, "name"), "search", ["search", "twice"]),
        (("arms", 0, "best"), "random_99", ["arms[0].best", "random_99"]),
    ],
)
def test_what_is_no_leaderboard_is_refused(place, value, words):
    document = copy.deepcopy(DOCUMENT)
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with refused(*words):
        leaderboard.from_json(json.dumps(document))


def test_a_missing_key_is_refused():
    for key in DOCUMENT:
        with refused(key):
            leaderboard.from_json(json.dumps({**DOCUMENT, key: None}))
        with refused(key):
            leaderboard.from_json(json.dumps({k: v for k, v in DOCUMENT.items() if k != key}))


def test_a_training_that_stands_there_twice_is_refused():
    twice = boards.candidate("one", trainings=(boards.training(0.3), boards.training(0.4)))
    with pytest.raises(ValueError, match=r"candidates\[0\]\.trainings"):
        boards.board(twice)
