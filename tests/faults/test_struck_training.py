"""A training that is struck by every fault ends bit for bit where an undisturbed one ends."""

import pytest

from tests.faults import runs, struck


@pytest.mark.slow
def test_a_training_ends_where_it_would_have(tmp_path):
    assert struck.check(runs.train_config, tmp_path) == 13
