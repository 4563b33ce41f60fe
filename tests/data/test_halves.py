import numpy as np
import pytest

from deeplab_nas.data import halves


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100, 2975])
def test_halves_are_disjoint_and_complete_and_differ_by_one_at_most(count):
    first, second = halves.half_split(count, seed=3)
    assert sorted([*first, *second]) == list(range(count))
    assert len(first) - len(second) == count % 2


def test_halves_depend_on_the_seed_alone():
    again = halves.half_split(50, seed=3)
    np.testing.assert_array_equal(halves.half_split(50, seed=3), again)
    assert not np.array_equal(halves.half_split(50, seed=4), again)
    # A frozen stream: these numbers hold for every version of NumPy.
    np.testing.assert_array_equal(halves.half_split(6, seed=1)[0], [2, 1, 4])
