"""Candidates of runs of searches."""

import json

import pytest

from deeplab_nas.core import random_architecture
from deeplab_nas.selection.pool import candidates
from tests import refusals

FIND = random_architecture.draw(1, 3, 2)


@pytest.fixture
def made_run(tmp_path):
    """Makes a run directory whose last epoch has these changes."""

    def make(changes):
        run = tmp_path / "found"
        run.mkdir()
        FIND.save(run / "architecture.json")
        records = [
            {"kind": "epoch", "step": 1, "closest_changes": [[0, 0, "skip"]]},
            {"kind": "epoch", "step": 2, "closest_changes": changes},
        ]
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (run / "history.jsonl").write_text(lines)
        return str(run)

    return make


def test_undecided_edges_are_flipped(made_run):
    others = [(block, side) for block in range(2) for side in range(2)]
    before = {place: FIND.cell[place[0]][place[1]] for place in others}
    operations = {
        place: "skip" if operation != "skip" else "avg_pool_3x3"
        for place, (_, operation) in before.items()
    }
    changes = [[*place, operation] for place, operation in operations.items()]
    changes.append([0, 0, "max_pool_3x3"])
    found = candidates.of_runs([made_run(changes)])
    assert list(found) == ["found", *(f"found_flipped_{number}" for number in range(1, 5))]
    for (block, side), flipped in zip(others, list(found.values())[1:], strict=True):
        assert flipped.path == FIND.path
        assert flipped.cell[block][side] == (before[block, side][0], operations[block, side])
        for other in set(others) - {(block, side)}:
            assert flipped.cell[other[0]][other[1]] == before[other]


@pytest.mark.parametrize("changes", [[[7, 0, "skip"]], [[0, 0, "none"]], [["a"]], 3])
def test_changes_that_do_not_fit_are_refused(made_run, changes):
    with refusals.refused("changes of the find", "history.jsonl", "restore"):
        candidates.of_runs([made_run(changes)])
