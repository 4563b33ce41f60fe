"""Random architectures beside a found one, by a supernet whose loss is known."""

import types

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import trellis
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.engine.configs.decoding import DecodingConfig
from deeplab_nas.engine.scoring import random_rivals
from deeplab_nas.supernet.relaxation import Weights

_LAYERS, _BLOCKS = 2, 2
_CONFIG = DecodingConfig(random_architectures=40)


def made_supernet(kept=None, arrows=True):
    shape = trellis.num_edges(_BLOCKS), len(SEARCH_OPERATIONS)
    weights = tf.ones([_LAYERS, 4, 3]) / 3 if arrows else None
    return types.SimpleNamespace(
        relaxed=lambda: Weights(tf.ones(shape) / shape[1], weights),
        config=types.SimpleNamespace(operations=SEARCH_OPERATIONS),
        kept=np.ones(shape, bool) if kept is None else kept,
    )


def skips_and_level(operations, arrows):
    """Nats by hand: one for each operation that is no skip, and the last level's hundredth."""
    assert set(np.unique(operations)) == {0.0, 1.0}
    assert operations.sum() == 2 * _BLOCKS
    skips = operations[:, SEARCH_OPERATIONS.index("skip")].sum()
    level = 0 if arrows is None else int(arrows[-1].sum(axis=1).argmax())
    return 2 * _BLOCKS - float(skips) + level / 100


def found(operation):
    pair = ((0, operation), (1, operation))
    return Architecture(cell=(pair,) * _BLOCKS, path=(0, 0))


def test_the_best_and_the_worst_are_seen():
    best = random_rivals.compare(found("skip"), skips_and_level, made_supernet(), _CONFIG, 1)
    assert best["found_loss"] == 0
    assert best["random_architectures"] == len(best["random_losses"]) == 40
    assert best["worse_random_architectures"] == 40
    assert best["random_losses"] == sorted(best["random_losses"])
    assert len(set(best["random_losses"])) > 4
    worst = random_rivals.compare(
        found("avg_pool_3x3"), skips_and_level, made_supernet(), _CONFIG, 1
    )
    assert worst["found_loss"] == 4
    above = sum(loss > 4 for loss in best["random_losses"])
    assert worst["worse_random_architectures"] == above < 40


def test_what_is_given_up_is_not_drawn_and_a_fixed_path_stays():
    kept = np.zeros([trellis.num_edges(_BLOCKS), len(SEARCH_OPERATIONS)], bool)
    kept[:, [SEARCH_OPERATIONS.index(name) for name in ("skip", "zero")]] = True
    told = random_rivals.compare(
        found("skip"), skips_and_level, made_supernet(kept, arrows=False), _CONFIG, 1
    )
    assert told["random_losses"] == pytest.approx([0.0] * 40)
    assert told["worse_random_architectures"] == 0
