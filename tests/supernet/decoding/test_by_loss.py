"""Choosing by what is cut away, against brute force and against losses that are known."""

import itertools

import numpy as np
import pytest

from deeplab_nas.core import trellis
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.supernet.decoding import by_logits, by_loss


def made_arrows(num_layers, seed=0):
    beta = np.random.default_rng(seed).normal(size=[num_layers, 4, 3])
    return by_logits.transition_probabilities(beta)


def path_share(arrows, wanted):
    """How much of what leaves the stem goes along each arrow of a path, summed."""
    share, at, total = 1.0, 0, 0.0
    for layer, level in enumerate(wanted):
        share *= arrows[layer, at, level - at + trellis.SAME]
        at, total = level, total + share
    return total


@pytest.mark.parametrize("num_layers", [1, 3, 5])
def test_a_beam_as_wide_as_all_paths_ranks_them_all(num_layers):
    losses = np.random.default_rng(1).normal(size=[num_layers, 4])

    def loss(_, arrows):
        # On one path: the sum over the levels that it visits.
        at, total = 0, 0.0
        for layer, row in enumerate(arrows):
            (direction,) = np.flatnonzero(row[at] > 0.999)
            at += direction - trellis.SAME
            total += losses[layer, at]
        return total

    paths = trellis.paths(num_layers)
    ranked = by_loss.rank_paths(loss, None, made_arrows(num_layers), beam=len(paths))
    by_hand = {
        path: sum(losses[layer, level] for layer, level in enumerate(path)) for path in paths
    }
    assert [one.path for one in ranked] == sorted(paths, key=by_hand.get)
    assert [one.loss for one in ranked] == pytest.approx(sorted(by_hand.values()))


@pytest.mark.parametrize("seed", range(5))
def test_a_narrow_beam_finds_a_path_that_its_beginnings_tell(seed):
    wanted = trellis.paths(12)[::9973][seed]
    ranked = by_loss.rank_paths(
        lambda _, arrows: -path_share(arrows, wanted), None, made_arrows(12, seed), beam=2
    )
    assert ranked[0].path == wanted
    # Two beginnings have at most six continuations.
    assert len(ranked) <= 6


@pytest.mark.parametrize("beginning", [(), (1,), (0, 1, 2), (1, 2, 3, 2)])
def test_what_is_cut_carries_nothing_but_paths_of_the_beginning(beginning):
    arrows = made_arrows(4)
    weights = by_loss.cut(arrows, beginning)
    kept = [path for path in trellis.paths(4) if path[: len(beginning)] == beginning]
    used = np.zeros_like(weights, dtype=bool)
    for path in kept:
        for layer, (at, to) in enumerate(zip((0, *path), path, strict=False)):
            used[layer, at, to - at + trellis.SAME] = True
    np.testing.assert_array_equal(weights > 0, used)
    np.testing.assert_allclose(weights[: len(beginning)].sum(axis=(1, 2)), 1.0)
    np.testing.assert_array_equal(
        weights[len(beginning) :][used[len(beginning) :]],
        arrows[len(beginning) :][used[len(beginning) :]],
    )


def test_the_operations_and_edges_are_kept_that_are_missed_most():
    """A loss that falls by a known worth for each operation's weight."""
    generator = np.random.default_rng(2)
    worth = generator.uniform(0.1, 1, size=[trellis.num_edges(3), len(SEARCH_OPERATIONS)])
    # What nobody keeps may be worth most.
    worth[:, SEARCH_OPERATIONS.index("zero")] = 5.0
    uniform = np.full_like(worth, 1 / len(SEARCH_OPERATIONS))
    seconds = {}
    cell = by_loss.choose_cell(
        lambda weights, _: -float((weights * worth).sum()),
        uniform,
        None,
        SEARCH_OPERATIONS,
        second=lambda edge, name, margin: seconds.update({edge: (name, margin)}),
    )
    discrete = worth[:, :-1]
    for row, edge in enumerate(trellis.edges(3)):
        name, margin = seconds[edge]
        order = np.argsort(-discrete[row])
        assert name == SEARCH_OPERATIONS[int(order[1])]
        # Without an operation the seven others and zero share its weight of an eighth.
        losses = [(worth[row].sum() - worth[row, one]) / 7 for one in order[:2]]
        assert margin == pytest.approx(losses[1] - losses[0])
    assert SEARCH_OPERATIONS[-1] == "zero"
    row, expected = 0, []
    for block in range(3):
        best = discrete[row : row + block + 2].max(axis=1)
        states = np.argsort(-best)[:2] if block else [0, 1]
        expected.append(
            tuple((int(s), SEARCH_OPERATIONS[int(discrete[row + s].argmax())]) for s in states)
        )
        row += block + 2
    assert cell == tuple(expected)


def test_one_operation_needs_no_evaluation():
    def loss(*_):
        raise AssertionError("nothing to choose")

    cell = by_loss.choose_cell(loss, np.ones([2, 1]), None, ("skip",))
    assert cell == (((0, "skip"), (1, "skip")),)


def test_every_layer_and_edge_is_told():
    told = []
    by_loss.rank_paths(lambda *_: 0.0, None, made_arrows(4), 3, lambda: told.append("layer"))
    uniform = np.full([trellis.num_edges(2), 8], 1 / 8)
    by_loss.choose_cell(
        lambda *_: 0.0, uniform, None, SEARCH_OPERATIONS, lambda: told.append("edge")
    )
    assert told == ["layer"] * 4 + ["edge"] * 5


def test_what_is_left_is_trained_before_the_first_decision_and_after_each():
    """Each training makes another operation the one that is missed, so that all have their turn."""
    uniform, trained = np.full([trellis.num_edges(2), 8], 1 / 8), []

    def train(weights, arrows):
        assert arrows is None
        trained.append(weights.copy())

    def loss(weights, _):
        return -float(weights[:, len(trained)].sum() if len(trained) < 7 else 0.0)

    cell = by_loss.choose_cell(loss, uniform, None, SEARCH_OPERATIONS, train=train)
    # Five edges, and those of the second block, of which two stay.
    assert len(trained) == 1 + 5 + 1
    assert [int((weights.max(axis=1) == 1).sum()) for weights in trained] == [0, 1, 2, 3, 4, 5, 4]
    np.testing.assert_array_equal(trained[0], uniform)
    np.testing.assert_array_equal(trained[-1], by_loss.cell_alone(cell, SEARCH_OPERATIONS))
    chosen = [SEARCH_OPERATIONS[int(row.argmax())] for row in trained[-2]]
    assert chosen == list(SEARCH_OPERATIONS[1:6])


def test_a_cell_is_improved_to_the_best_one_that_pairs_of_edges_allow():
    """Each operation of an edge has a worth, and two may be worth more together."""
    generator = np.random.default_rng(3)
    worth = generator.uniform(size=[trellis.num_edges(2), len(SEARCH_OPERATIONS)])
    together = generator.uniform(size=[trellis.num_edges(2)] * 2)
    tried = []

    def loss(weights, arrows):
        assert arrows is None
        tried.append(weights)
        used = weights.any(axis=1)
        return -float((weights * worth).sum() + used @ together @ used)

    uniform = np.full_like(worth, 1 / len(SEARCH_OPERATIONS))
    uniform[:, 2] = 0.0
    begin = (((0, "skip"), (1, "skip")),) * 2
    cell = by_loss.improve_cell(loss, begin, uniform, None, SEARCH_OPERATIONS)
    lowest = loss(by_loss.cell_alone(cell, SEARCH_OPERATIONS), None)
    names = [n for i, n in enumerate(SEARCH_OPERATIONS) if i != 2 and n != "zero"]
    for block, side in itertools.product(range(2), range(2)):
        other = cell[block][1 - side]
        for state, name in itertools.product(set(range(block + 2)) - {other[0]}, names):
            changed = list(cell)
            changed[block] = (other, (state, name))
            weights = by_loss.cell_alone(tuple(changed), SEARCH_OPERATIONS)
            assert loss(weights, None) >= lowest
    assert not any(weights[:, 2].any() for weights in tried)
    assert {len({state for state, _ in pairs}) for pairs in cell} == {2}


def test_a_cell_alone_is_its_edges_and_operations():
    cell = (((1, "skip"), (0, "atrous_3x3")), ((2, "max_pool_3x3"), (0, "skip")))
    weights = by_loss.cell_alone(cell, SEARCH_OPERATIONS)
    edges = trellis.edges(2)
    found = {(edges[row], SEARCH_OPERATIONS[column]) for row, column in np.argwhere(weights == 1)}
    assert found == {
        *(((0, 0), "atrous_3x3"), ((1, 0), "skip")),
        *(((0, 1), "skip"), ((2, 1), "max_pool_3x3")),
    }
    assert weights.sum() == 4


def test_a_cell_that_cannot_be_improved_is_left_after_one_sweep():
    told = []
    begin = (((0, "skip"), (1, "skip")), ((0, "skip"), (2, "skip")))
    uniform = np.full([trellis.num_edges(2), 8], 1 / 8)
    cell = by_loss.improve_cell(
        lambda *_: 1.0, begin, uniform, None, SEARCH_OPERATIONS, lambda: told.append("edge")
    )
    assert (cell, told) == (begin, ["edge"] * 4)
