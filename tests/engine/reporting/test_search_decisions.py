"""What a search says of how sure it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.engine.configs.search import SearchOptimization
from deeplab_nas.engine.reporting import search_decisions
from deeplab_nas.engine.scoring import noise
from deeplab_nas.engine.steps.search.gradient_tally import GradientTally

_SKIP = SEARCH_OPERATIONS.index("skip")
_FOUND = Architecture(cell=(((0, "skip"), (1, "skip")),), path=(0, 1))


def measured(steps=50, signal=0.0, beta=True, kept=None):
    """After gradients of noise, and of a signal for skip on the first edge and for one arrow."""
    shapes = [("alpha", (2, len(SEARCH_OPERATIONS))), ("beta", (2, 4, 3))]
    shapes = shapes if beta else shapes[:1]
    tally = GradientTally([keras.Variable(np.zeros(shape), name=name) for name, shape in shapes])
    generator = np.random.default_rng(0)
    for _ in range(steps):
        gradients = [generator.standard_normal(total.shape) for total in tally.sums]
        gradients[0][0, _SKIP] -= signal
        if beta:
            gradients[1][1, 0, 2] -= signal
        tally.add([tf.constant(gradient, tf.float32) for gradient in gradients])
    optimization = SearchOptimization(architecture_weight_decay=0.0)
    kept = np.ones(shapes[0][1], bool) if kept is None else kept
    return search_decisions.measured(tally, _FOUND, SEARCH_OPERATIONS, optimization, kept)


def test_a_signal_is_seen_and_noise_is_not():
    record = measured(signal=3.0)
    assert (record["kept_edges"], record["decided_edges"], record["decided_arrows"]) == (2, 1, 1)
    # The path leaves the stem, two arrows, and then level 0, two more.
    assert record["decided_arrows_by_chance"] == pytest.approx(2 * noise.chance_decided(2))
    assert record["decided_edges_by_chance"] == pytest.approx(2 * noise.chance_decided(7))
    assert record["alpha_entropy_of_noise"] == noise.entropy(8, 50, 0.003, 0.0)
    two, three = (noise.entropy(count, 50, 0.003, 0.0) for count in (2, 3))
    # After the stem two arrows; after one layer two from level 0 and three from level 1.
    assert record["beta_entropy_of_noise"] == pytest.approx((2 * two + three) / 3)


def test_what_was_given_up_is_no_rival():
    kept = np.zeros([2, len(SEARCH_OPERATIONS)], bool)
    kept[:, _SKIP] = kept[:, _SKIP + 1] = kept[1, 0] = True
    record = measured(kept=kept)
    # The last operation is zero, which is never decoded: skip is alone on the first edge.
    assert SEARCH_OPERATIONS[_SKIP + 1] == "zero"
    assert record["decided_edges_by_chance"] == pytest.approx(1 + noise.chance_decided(2))
    assert record["decided_edges"] >= 1
    two, three = (noise.entropy(count, 50, 0.003, 0.0) for count in (2, 3))
    assert record["alpha_entropy_of_noise"] == pytest.approx((two + three) / 2)


def test_before_alpha_and_beta_have_moved_nothing_is_decided():
    record = measured(steps=0)
    assert (record["decided_edges"], record["decided_arrows"]) == (0, 0)
    assert record["alpha_entropy_of_noise"] == pytest.approx(1, abs=1e-5)


def test_an_undecided_search_says_so_and_what_to_do():
    record = {**measured(), "alpha_entropy": 0.99, "beta_entropy": 0.98}
    assert "0 of 2 edges and 0 of 2 arrows" in search_decisions.verdict(record)
    assert "--operations" in search_decisions.verdict(record)
    record = {**record, "decided_edges": 1, "decided_arrows": 2}
    assert search_decisions.verdict(record) is None
    names = dict(search_decisions.rows(record))
    assert names["decided edges"].startswith("1 of 2 (noise alone: 0.1)")
    assert names["decided arrows"].startswith("2 of 2 (noise alone: 0.6)")


def test_a_record_of_an_earlier_version_says_what_it_has():
    record = {"alpha_entropy": 0.99, "beta_entropy": 0.98}
    assert search_decisions.rows(record) == [("entropy", "alpha 0.9900, beta 0.9800")]
    assert search_decisions.verdict(record) is None
    assert {*search_decisions.NUMBERS, "closest_changes"} == measured().keys()


def test_a_fixed_path_has_no_arrows_to_decide():
    record = {**measured(beta=False), "alpha_entropy": 0.99, "beta_entropy": 0.0}
    assert record["searched_arrows"] == record["decided_arrows_by_chance"] == 0
    assert record["beta_entropy_of_noise"] == 0
    assert "arrows" not in search_decisions.verdict(record)
    assert "decided arrows" not in dict(search_decisions.rows(record))


def test_what_the_loss_of_the_supernet_chose_is_not_judged_by_gradients():
    record = {**measured(), "alpha_entropy": 0.99, "beta_entropy": 0.98}
    record |= {"path_loss": 0.5, "next_path_loss": 0.75}
    assert "edges" in search_decisions.verdict(record)
    assert "arrows" not in search_decisions.verdict(record)
    rows = dict(search_decisions.rows(record))
    assert rows["loss of the path"] == "0.5000 (next best 0.7500)"
    assert "decided arrows" not in rows
    assert search_decisions.verdict({**record, "cell_chosen_by_loss": True}) is None


@pytest.mark.parametrize(("worse", "is_told"), [(16, False), (12, False), (11, True), (0, True)])
def test_a_find_that_the_supernet_rates_like_random_ones_is_told(worse, is_told):
    compared = {"found_loss": 0.5, "random_architectures": 16, "worse_random_architectures": worse}
    record = {**measured(), "alpha_entropy": 0.99, "beta_entropy": 0.98, **compared}
    row = f"0.5000, below that of {worse} of 16 random ones"
    assert dict(search_decisions.rows(record))["loss in the supernet"] == row
    told = search_decisions.verdict(record)
    assert told.startswith("This search ends undecided")
    assert (f"above no more than {worse} of 16 random architectures" in told) == is_told
