"""The wide supernet against the per-edge one: same weights, same logits, same gradients."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.errors import UserError
from deeplab_nas.supernet import memory_plan
from deeplab_nas.supernet.supernet import Supernet
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests.supernet import per_edge_supernet
from tests.supernet.held_to_oracle import (
    NUM_CLASSES,
    Oracle,
    check_against_oracle,
    make_batch,
    make_supernet,
    relative_difference,
    wide_logits_and_gradients,
)


@pytest.mark.parametrize("operation_set", ["official", "darts"])
@pytest.mark.parametrize(
    ("num_blocks", "num_layers", "size"),
    [
        (1, 1, (33, 33)),
        (1, 2, (34, 33)),
        *(
            pytest.param(*sizes, marks=pytest.mark.slow)
            for sizes in (
                *((2, 4, (65, 49)), (2, 3, (64, 46))),
                *((5, 2, (49, 65)), (5, 2, (50, 64))),
            )
        ),
    ],
)
def test_logits_gradients_and_statistics_equal_those_of_the_per_edge_supernet(
    unoptimized_graphs, operation_set, num_blocks, num_layers, size
):
    settings = {"num_blocks": num_blocks, "num_layers": num_layers}
    supernet = make_supernet(operation_set=operation_set, batch_norm_decay=0.0, **settings)
    check_against_oracle(supernet, *make_batch(*size))


@pytest.mark.parametrize(
    "operations",
    [
        ("max_pool_3x3", "atrous_5x5", "skip"),
        ("separable_3x3_2", "atrous_3x3"),
        ("zero", "avg_pool_3x3"),
        ("skip",),
    ],
)
def test_any_candidates_equal_the_per_edge_supernet(unoptimized_graphs, operations):
    supernet = make_supernet(num_layers=2, batch_norm_decay=0.0, operations=operations)
    assert supernet.alpha.shape == (5, len(operations))
    check_against_oracle(supernet, *make_batch(33, 49))


@pytest.mark.parametrize("path", [(0, 1), pytest.param((1, 2, 3, 2, 2), marks=pytest.mark.slow)])
def test_a_fixed_path_equals_the_per_edge_supernet_of_that_path(unoptimized_graphs, path):
    # With these seeds no ReLU stands so near its kink that rounding decides its side.
    supernet = make_supernet(seed=2, num_layers=len(path), fixed_path=path, batch_norm_decay=0.0)
    assert supernet.architecture_variables == [supernet.alpha]
    assert [len(cells) for cells in supernet.cells] == [1] * len(path)
    assert [head.output_stride for head in supernet.heads] == [4 * 2 ** path[-1]]
    check_against_oracle(supernet, *make_batch(33, 49, seed=2))


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ((0, 1), "--fixed_path to have a level for each of --num_layers=3 layers, found 0,1"),
        ((0, 2, 2), "at most one level a layer, found 0,2,2"),
        ((2, 2, 2), "begin at level 0 or 1"),
        ((0, 0, 4), "--fixed_path to be between 0 and 3, found 4"),
    ],
)
def test_an_impossible_path_is_refused(path, sentence):
    with pytest.raises(UserError, match=sentence):
        SupernetConfig(num_layers=3, fixed_path=path)


@pytest.mark.slow
@pytest.mark.parametrize("operation_set", ["official", "darts"])
def test_bfloat16_is_the_same_within_its_precision(unoptimized_graphs, operation_set):
    supernet = make_supernet(
        operation_set=operation_set, num_layers=2, batch_norm_decay=0.0, dtype="mixed_bfloat16"
    )
    images, labels = make_batch(65, 49)
    expected = Oracle.of(supernet, images, labels)
    for recompute in (frozenset(), memory_plan.all_nodes(supernet)):
        logits, gradients = wide_logits_and_gradients(supernet, images, labels, recompute)
        assert {v.dtype for v in supernet.variables} == {"float32"}
        assert logits.dtype == tf.float32
        assert relative_difference(logits, expected.logits) < 0.06
        paths = [variable.path for variable in supernet.trainable_variables]
        wanted = np.concatenate([expected.gradients[path].numpy().ravel() for path in paths])
        found = np.concatenate([gradient.numpy().ravel() for gradient in gradients])
        assert found @ wanted > 0.95 * np.linalg.norm(found) * np.linalg.norm(wanted)
        expected.check_statistics(supernet, 0.1)


def test_variables_fall_into_two_disjoint_lists():
    supernet = make_supernet()
    network = {id(v) for v in supernet.network_variables}
    architecture = {id(v) for v in supernet.architecture_variables}
    assert not network & architecture
    assert network | architecture == {id(v) for v in supernet.trainable_variables}
    assert supernet.alpha.shape == (5, 8)
    assert supernet.beta.shape == (3, 4, 3)


def test_paper_size_has_105_cells_and_the_widths_of_the_paper():
    supernet = Supernet(19)
    supernet.build()
    cells = [cell for layer in supernet.cells for cell in layer]
    assert sum(len(cell.directions) for cell in cells) == 105
    assert [cell.filters for cell in supernet.cells[-1]] == [8, 16, 32, 64]
    assert [head.output_stride for head in supernet.heads] == [4, 8, 16, 32]


def test_evaluation_reads_the_moving_statistics(monkeypatch):
    supernet = make_supernet(batch_norm_decay=0.0)
    images, _ = make_batch(33, 33, batch=4)
    supernet(images, training=True)
    others = images * 0.5
    evaluated = supernet(others, training=False)
    variables = per_edge_supernet.named_variables(supernet)
    by_batch, kept = per_edge_supernet.batch_normalize, collections.deque()

    def keep(x, seen):
        kept.append([])
        return by_batch(x, kept[-1])

    def normalize_by_kept(x, seen):
        mean, variance = np.transpose(kept.popleft())
        return (x - mean) / np.sqrt(variance + 1e-3)

    monkeypatch.setattr(per_edge_supernet, "batch_normalize", keep)
    per_edge_supernet.logits(supernet, variables, images, collections.defaultdict(list))
    monkeypatch.setattr(per_edge_supernet, "batch_normalize", normalize_by_kept)
    expected = per_edge_supernet.logits(supernet, variables, others, collections.defaultdict(list))
    assert not kept
    assert relative_difference(evaluated, expected) < 1e-4
    np.testing.assert_allclose(
        supernet(others[:1], training=False), evaluated[:1], rtol=1e-4, atol=1e-4
    )


def test_each_training_pass_moves_the_statistics_once():
    supernet = make_supernet(batch_norm_decay=0.75)
    images, _ = make_batch(33, 33)
    statistics = supernet.stem.statistics
    supernet(images, training=True)
    first = statistics.mean.numpy()
    supernet(images, training=True)
    # From 0 towards the same batch mean m: 0.25 m, then 0.25 m + 0.75 * 0.25 m.
    np.testing.assert_allclose(statistics.mean.numpy(), 1.75 * first, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_any_size_with_static_or_dynamic_shapes():
    supernet = make_supernet()
    dynamic = tf.function(
        lambda images: supernet(images, training=False),
        input_signature=[tf.TensorSpec([None, None, None, 3])],
    )
    for height, width in [(33, 33), (40, 57), (7, 9), (1, 1)]:
        images, _ = make_batch(height, width)
        logits = dynamic(images)
        assert logits.shape == (2, height, width, NUM_CLASSES)
        static = supernet(images, training=False)
        np.testing.assert_allclose(logits, static, rtol=1e-3, atol=1e-3)


def test_configuration_round_trip_and_unknown_operation_set():
    supernet = make_supernet(operations=("skip", "atrous_3x3"))
    copy = Supernet.from_config(supernet.get_config())
    assert copy.config == supernet.config
    with pytest.raises(UserError, match="--operation_set to be one of official, darts, .*'mixed'"):
        Supernet(NUM_CLASSES, SupernetConfig(operation_set="mixed"))


@pytest.mark.parametrize("operations", [(), ("zero",), ("skip", "skip"), ("conv_7x1_1x7",)])
def test_impossible_candidates_are_refused(operations):
    with pytest.raises(UserError, match=r"--operations .*separable_3x3_1.*, found "):
        Supernet(NUM_CLASSES, SupernetConfig(operations=operations))
