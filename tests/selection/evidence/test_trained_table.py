"""A table of trained architectures is read as it was written, or refused."""

import dataclasses
import json

import pytest

from deeplab_nas.core import random_architecture
from deeplab_nas.selection.evidence import trained_table
from tests import refusals
from tests.selection import made_tables

TABLE = made_tables.table(
    [
        made_tables.row("a", [0.1, 0.30000000000000004], {100: 0.05, 200: 0.2}),
        made_tables.row(
            "b", [0.7], {100: 0.5}, random_architecture.draw(2, 2, 2), {"naswot": -1.5}
        ),
    ]
)


def test_a_table_comes_back_as_it_was_written_a_training_a_line(tmp_path):
    TABLE.save(tmp_path / "table.json")
    assert trained_table.load(tmp_path / "table.json") == TABLE
    text = (tmp_path / "table.json").read_text()
    # Three lines before the rows, for each row its facts and its trainings, one at the end.
    assert len(text.splitlines()) == 4 + (1 + 4) + (1 + 2) + 1
    document = json.loads(text)
    assert list(document) == ["format", "version", "about", "architectures"]
    assert document["architectures"][1]["trainings"][0] == {
        "seed": 1,
        "steps": 400,
        "miou": 0.7,
        "class_iou": {"sky": 0.5},
        "seconds": 1.5,
    }


def test_the_whole_training_has_the_most_steps():
    assert (TABLE.whole_steps, TABLE.rungs, TABLE.score_names) == (400, (100, 200), ("naswot",))
    assert TABLE.mious() == {"a": pytest.approx(0.2), "b": 0.7}
    assert TABLE.mious(seed=2) == {"a": 0.30000000000000004}
    assert TABLE.mious(200) == {"a": 0.2}
    assert TABLE.mious(100, seed=2) == {}
    assert TABLE.repeats() == {"a": {1: 0.1, 2: 0.30000000000000004}}


@pytest.mark.parametrize(
    "keys, value, words",
    [
        (["format"], "deeplab_nas.architecture", ["deeplab_nas.table"]),
        (["version"], True, ["version", "1"]),
        (["about", "recipe"], 3, ["about.recipe", "a string"]),
        (["architectures"], [], ["at least one"]),
        (["architectures", 1, "name"], "a", ["each once", "a 2 times"]),
        (["architectures", 0, "path"], [0, 2], ["path[1]", "more than one level"]),
        (["architectures", 0, "cell", 1, 0], [0], ["cell[1][0]", "an array of 2"]),
        (["architectures", 0, "cell", 0, 0, 1], "conv", ["operation 'conv'"]),
        (["architectures", 0, "parameters"], -1, ["architectures[0].parameters", ">= 0"]),
        (["architectures", 1, "scores", "naswot"], "high", ["naswot", "a number"]),
        (["architectures", 1, "trainings"], [], ["b", "expected a training"]),
        (["architectures", 0, "trainings", 1, "seed"], 1, ["seed 1 with 400 steps 2 times"]),
        (["architectures", 0, "trainings", 0, "steps"], 0, ["trainings[0].steps", ">= 1"]),
        (["architectures", 0, "trainings", 0, "miou"], 31.5, ["miou", "0..1"]),
        (["architectures", 0, "trainings", 0, "class_iou", "sky"], -0.1, ["sky", "0..1"]),
        (["architectures", 0, "more"], 1, ["unknown key 'more'"]),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, keys, value, words):
    document = json.loads(TABLE.to_json())
    inner = document
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path = tmp_path / "table.json"
    path.write_text(json.dumps(document))
    with refusals.refused(str(path), *words):
        trained_table.load(path)


def test_numbers_that_are_no_json_are_not_written(tmp_path):
    rows = (dataclasses.replace(TABLE.architectures[0], scores={"naswot": float("nan")}),)
    with pytest.raises(ValueError, match="JSON"):
        dataclasses.replace(TABLE, architectures=rows).save(tmp_path / "table.json")
    assert not list(tmp_path.iterdir())
