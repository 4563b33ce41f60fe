"""A supernet that computes what its arrows lead to, against one that computes everything."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.supernet.decoding import by_loss
from deeplab_nas.supernet.unreached import COMPUTED, MASKED, SKIPPED
from tests.supernet.held_to_oracle import make_batch, make_supernet, relative_difference


def logits_of(supernet, beginning, unreached):
    """Of a supernet that is cut down to the paths with a beginning."""
    images, _ = make_batch(33, 49)
    arrows = by_loss.cut(supernet.relaxed().arrows.numpy(), beginning)
    relaxed = dataclasses.replace(supernet.relaxed(), arrows=tf.constant(arrows))
    how = {"training": True, "track_statistics": False}
    return supernet(images, relaxed=relaxed, unreached=unreached, **how)


@pytest.mark.parametrize("beginning", [(), (0,), (1, 2), (0, 1, 1), (1, 2, 3)])
def test_what_is_left_out_changes_nothing(beginning):
    supernet = make_supernet(num_layers=3)
    expected = logits_of(supernet, beginning, COMPUTED)
    for way in (SKIPPED, MASKED):
        assert relative_difference(logits_of(supernet, beginning, way), expected) < 1e-5


def test_heads_that_nothing_leads_to_add_no_bias():
    supernet = make_supernet(num_layers=2)
    expected = logits_of(supernet, (1, 1), SKIPPED)
    for level in (0, 2):
        supernet.heads[level].bias.assign(np.ones(supernet.num_classes))
    for way in (SKIPPED, MASKED):
        found = logits_of(supernet, (1, 1), way)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_what_no_arrow_leads_to_is_not_computed():
    supernet = make_supernet(num_layers=2)
    expected = logits_of(supernet, (1, 1), unreached=SKIPPED)
    reached = ("cell_1_1", "cell_2_1", "head_1")
    for part in (*sum(supernet.cells, []), *supernet.heads):
        if part.name not in reached:
            for variable in part.trainable_variables:
                variable.assign(np.full(variable.shape, np.nan))
    np.testing.assert_array_equal(logits_of(supernet, (1, 1), unreached=SKIPPED), expected)
    assert not np.isfinite(logits_of(supernet, (1, 1), unreached=COMPUTED)).any()


def test_averages_cannot_move_with_it():
    with pytest.raises(ValueError, match="track_statistics=False"):
        make_supernet(num_layers=1)(make_batch(17, 17)[0], training=True, unreached=SKIPPED)
