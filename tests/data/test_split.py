"""A split: its halves. Reading its records is tested with the shard index."""

import numpy as np
import pytest

from deeplab_nas.data import datasets
from deeplab_nas.data.shard_index import ShardIndex
from deeplab_nas.data.split import Split


def halves(count, seed):
    """The halves of a split of so many records."""
    places = np.zeros([count], np.int64)
    index = ShardIndex("train", ("a.tfrecord",), places, places, ((6, 8),))
    return Split(index, datasets.describe("shapes", "")).halves(seed)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100, 2975])
def test_halves_are_disjoint_and_complete_and_differ_by_one_at_most(count):
    first, second = halves(count, seed=3)
    assert sorted([*first, *second]) == list(range(count))
    assert len(first) - len(second) == count % 2


def test_halves_depend_on_the_seed_alone():
    again = halves(50, seed=3)
    np.testing.assert_array_equal(halves(50, seed=3), again)
    assert not np.array_equal(halves(50, seed=4), again)
    # A frozen stream: these numbers hold for every version of NumPy.
    np.testing.assert_array_equal(halves(6, seed=1)[0], [2, 1, 4])
