"""What nodes keep for their gradient, and which are chosen to recompute."""

import keras
import pytest
import tensorflow as tf

from deeplab_nas.supernet import memory_plan
from deeplab_nas.supernet.search_cell import SearchCell
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig

IMAGE_SHAPE = (2, 129, 97)


@pytest.fixture(scope="module")
def supernet():
    keras.utils.set_random_seed(0)
    supernet = Supernet(3, SupernetConfig(num_layers=3, num_blocks=2, filter_multiplier=4))
    supernet.build()
    return supernet


def test_a_budget_of_nothing_recomputes_all_and_a_large_one_none(supernet):
    nodes = memory_plan.all_nodes(supernet)
    assert len(nodes) == 2 + 3 + 4
    assert memory_plan.nodes_to_recompute(supernet, IMAGE_SHAPE, 0) == nodes
    assert memory_plan.nodes_to_recompute(supernet, IMAGE_SHAPE, 2**40) == frozenset()


def test_what_the_others_keep_fits_the_budget_and_nothing_more_would(supernet):
    def kept(nodes):
        return sum(memory_plan.kept_bytes(supernet, *node, IMAGE_SHAPE) for node in nodes)

    nodes = memory_plan.all_nodes(supernet)
    for share in (0.1, 0.5, 0.9):
        budget = share * kept(nodes)
        recomputed = memory_plan.nodes_to_recompute(supernet, IMAGE_SHAPE, budget)
        assert kept(nodes - recomputed) <= budget
        assert kept(nodes - recomputed) + min(kept([node]) for node in recomputed) > budget


def test_the_estimate_is_what_forward_functions_return_for_the_gradient(supernet):
    @tf.function(autograph=False)
    def step(images):
        values = [variable.value for variable in supernet.network_variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            logits = supernet(images, training=True, frozen=SearchCell.ARCHITECTURE)
            loss = tf.reduce_sum(logits)
        return tape.gradient(loss, values)

    graph = step.get_concrete_function(tf.zeros([*IMAGE_SHAPE, 3])).graph
    calls = [o for o in graph.get_operations() if o.type == "PartitionedCall"]
    calls = [o for o in calls if o.get_attr("f").name.startswith("__forward")]
    assert len(calls) == len(memory_plan.all_nodes(supernet))
    for level, size in ((0, (33, 25)), (1, (17, 13))):
        kept = max(
            # Beyond its own three; a few small ones have no static shape.
            sum((t.shape.num_elements() or 0) * t.dtype.size for t in call.outputs[3:])
            for call in calls
            if tuple(call.outputs[0].shape[1:3]) == size
        )
        estimate = memory_plan.kept_bytes(supernet, 3, level, IMAGE_SHAPE)
        assert estimate == pytest.approx(kept, rel=0.2), level


def test_the_description_counts(supernet):
    everything = memory_plan.all_nodes(supernet)
    described = memory_plan.describe(supernet, everything, IMAGE_SHAPE)
    assert described == (
        "For the gradient, 0 of 9 nodes keep about 0.00 GiB and 9 are computed again."
    )


def test_two_passes_have_half_of_the_budget_each_and_are_told_together(supernet):
    nodes = memory_plan.all_nodes(supernet)
    whole = sum(memory_plan.kept_bytes(supernet, *node, IMAGE_SHAPE) for node in nodes)
    for share in (0.3, 0.6, 0.9):
        twice = memory_plan.nodes_to_recompute(supernet, IMAGE_SHAPE, 2 * share * whole, passes=2)
        assert twice == memory_plan.nodes_to_recompute(supernet, IMAGE_SHAPE, share * whole)
    told = memory_plan.describe(supernet, frozenset(), IMAGE_SHAPE, passes=2)
    assert f"keep about {2 * whole / 2**30:.2f} GiB" in told
