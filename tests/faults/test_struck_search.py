"""A search that is struck by every fault ends bit for bit where an undisturbed one ends."""

import pytest

from tests.faults import runs, struck


@pytest.mark.slow
def test_a_search_ends_where_it_would_have(tmp_path):
    shards = runs.make_shards(tmp_path / "shards")
    whole = runs.search_config(shards, tmp_path / "whole")
    assert runs.start(whole, tmp_path / "log") == 0
    config = runs.search_config(shards, tmp_path / "struck")
    killed = struck.run_through(config, tmp_path / "log", struck.strikes("search step"))
    assert killed == 13
    expected, found = runs.state(whole.train_logdir), runs.state(config.train_logdir)
    assert found["history"] == expected["history"]
    assert [name for name in expected if found.get(name) != expected[name]] == []
    assert found.keys() == expected.keys()
    assert not list((tmp_path / "struck").rglob("*.partial"))
    said = (tmp_path / "log").read_text()
    assert "Skipped damaged checkpoints: ckpt-" in said
    assert "Traceback" not in said
