"""Which candidates a selection has."""

import dataclasses

from deeplab_nas.core import random_architecture
from deeplab_nas.selection import lineup
from deeplab_nas.selection.select_config import PoolConfig
from tests import refusals


def test_candidates_come_from_files_and_runs_each_once(tmp_path):
    one, other, third = (random_architecture.draw(seed, 3, 2) for seed in (1, 2, 3))
    one.save(tmp_path / "one.json")
    run = tmp_path / "search"
    (run / "architectures").mkdir(parents=True)
    for epoch, found in enumerate((third, third, other, one), start=1):
        found.save(run / "architectures" / f"epoch_{epoch:03d}.json")
    one.save(run / "architecture.json")
    pool = PoolConfig(
        architectures=(str(tmp_path / "o*.json"),),
        runs=(str(run),),
        random=2,
        num_layers=3,
        num_blocks=2,
    )
    # The last three epochs; what was drawn by seeds 1 and 2 is there already.
    assert lineup.pool_of(pool, 1) == {
        "one": one,
        "search_epoch_003": other,
        "search_epoch_002": third,
    }
    changed = lineup.pool_of(dataclasses.replace(pool, mutate=2, random=0), 1)
    assert len(changed) > 5 and all("_changed_" in name for name in list(changed)[3:])
    for settings, expected in (
        ({"runs": (str(tmp_path),)}, ["--runs=", "found no architecture.json"]),
        ({"architectures": (f"{tmp_path}/x*.json",)}, ["--architectures=", "found none"]),
        ({"runs": (str(run), f"{run}/../search")}, ["--runs", "two of the name search"]),
    ):
        with refusals.refused(*expected):
            lineup.pool_of(PoolConfig(**settings), 1)


def test_one_name_for_two_candidates_is_refused(tmp_path):
    random_architecture.draw(9, 5, 5).save(tmp_path / "random_1.json")
    given = {"architectures": (str(tmp_path / "random_1.json"),)}
    with refusals.refused("names of their own", "random_1", "rename"):
        lineup.pool_of(PoolConfig(**given, random=1), 1)
    # The same one is there once.
    random_architecture.draw(1, 5, 5).save(tmp_path / "random_1.json")
    assert list(lineup.pool_of(PoolConfig(**given, random=2), 1)) == ["random_1", "random_2"]
