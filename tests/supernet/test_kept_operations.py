"""Which operations are left on which edge."""

import numpy as np

from deeplab_nas.core import trellis
from deeplab_nas.supernet import kept_operations

NAMES = ("skip", "atrous_3x3", "zero")


def test_places_are_by_state_and_then_by_consumer():
    mask = np.zeros([trellis.num_edges(2), 3], dtype=bool)
    edges = trellis.edges(2)
    mask[edges.index((1, 0)), 0] = mask[edges.index((0, 1)), 0] = True
    mask[edges.index((2, 1)), 1] = True
    kept = kept_operations.KeptOperations(mask, NAMES)
    # Both inputs leave for both blocks: (0, 0), (0, 1), (1, 0), (1, 1).
    assert kept.places(0, "skip") == (1, 2)
    assert kept.places(0, "atrous_3x3") == ()
    assert kept.places(1, "atrous_3x3") == (0,)
    assert (kept.num_edges(0), kept.num_edges(1)) == (4, 1)


def test_equal_masks_are_equal():
    one, other = (kept_operations.everything(5, NAMES) for _ in range(2))
    assert (one, hash(one)) == (other, hash(other))
    mask = one.mask.copy()
    mask[3, 1] = False
    assert kept_operations.KeptOperations(mask, NAMES) != one
    assert kept_operations.everything(5, NAMES[::-1]) != one


def test_the_strongest_are_kept_and_one_that_may_be_last():
    strengths = np.array([[3.0, 1.0, 2.0], [0.0, -1.0, 5.0], [1.0, 2.0, 0.0]])
    kept = np.array([[True, True, True], [True, True, True], [True, False, True]])
    never_last = np.array([True, True, False])
    two = kept_operations.strongest(strengths, kept, 2, never_last)
    assert two.tolist() == [[True, False, True], [True, False, True], [True, False, True]]
    one = kept_operations.strongest(strengths, kept, 1, never_last)
    assert one.tolist() == [[True, False, False]] * 3
