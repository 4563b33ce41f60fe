"""Decoding against brute force: every path of twelve layers, every cell of two and three blocks."""

import itertools

import numpy as np
import pytest

from deeplab_nas.core import trellis
from deeplab_nas.core.operations import SEARCH_OPERATIONS
from deeplab_nas.supernet.decoding import by_logits

ZERO_COLUMN = SEARCH_OPERATIONS.index("zero")


def all_paths(num_layers):
    """Every path as int `[paths, num_layers]`, in lexicographic order."""
    paths = np.zeros([1, 1], dtype=np.int64)
    for _ in range(num_layers):
        steps = paths[:, None, -1] + np.array([-1, 0, 1])
        grown = np.concatenate([np.repeat(paths, 3, axis=0), steps.reshape(-1, 1)], axis=1)
        paths = grown[(grown[:, -1] >= 0) & (grown[:, -1] <= 3)]
    return paths[:, 1:]


def naive_probabilities(beta):
    """The softmax of each node, arrow by arrow."""
    mask = trellis.arrow_mask(len(beta))
    result = np.zeros(beta.shape)
    for layer, level in itertools.product(range(len(beta)), range(4)):
        arrows = np.flatnonzero(mask[layer, level])
        weights = np.exp(beta[layer, level, arrows])
        result[layer, level, arrows] = weights / weights.sum()
    return result


def path_probabilities(paths, probabilities):
    sources = np.concatenate([np.zeros_like(paths[:, :1]), paths[:, :-1]], axis=1)
    layers = np.arange(paths.shape[1])
    return probabilities[layers, sources, paths - sources + 1].prod(axis=1)


@pytest.fixture(scope="module")
def paths_of_the_paper():
    return all_paths(12)


def test_enumeration(paths_of_the_paper):
    assert len(paths_of_the_paper) == 75_025
    assert len(np.unique(paths_of_the_paper, axis=0)) == 75_025
    assert (paths_of_the_paper[:, 0] == 0).sum() == 28_657


def test_viterbi_against_all_paths(paths_of_the_paper):
    generator = np.random.default_rng(0)
    for scale in np.repeat([0.001, 0.3, 1.0, 3.0, 10.0], 10):
        beta = scale * generator.standard_normal([12, 4, 3])
        probabilities = path_probabilities(paths_of_the_paper, naive_probabilities(beta))
        assert np.isclose(probabilities.sum(), 1.0)
        expected = paths_of_the_paper[probabilities.argmax()]
        assert by_logits.decode_path(beta) == tuple(expected)


def relative(probabilities):
    """Each probability beside that of a choice by chance."""
    return probabilities * (probabilities > 0).sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("num_layers", [1, 2, 3, 5])
def test_short_trellises_against_all_paths(num_layers):
    generator = np.random.default_rng(num_layers)
    paths = all_paths(num_layers)
    for _ in range(20):
        beta = generator.standard_normal([num_layers, 4, 3])
        for rule, scores in (
            (by_logits.VITERBI, naive_probabilities(beta)),
            (by_logits.RELATIVE, relative(naive_probabilities(beta))),
        ):
            expected = paths[path_probabilities(paths, scores).argmax()]
            assert by_logits.decode_path(beta, rule) == tuple(expected)


def level_shares(paths):
    """How often each level occurs in each layer, `[layers, 4]`."""
    return np.stack([(np.array(paths) == level).mean(axis=0) for level in range(4)], axis=-1)


def noise(generator, num_layers):
    return 0.08 * generator.standard_normal([num_layers, 4, 3])


@pytest.mark.parametrize("num_layers", [5, 12])
def test_noise_finds_the_finest_level_by_the_papers_rule_and_any_by_the_relative_one(num_layers):
    generator = np.random.default_rng(7)
    draws = [noise(generator, num_layers) for _ in range(1000)]
    by_chance = level_shares(all_paths(num_layers))
    found = level_shares([by_logits.decode_path(beta, by_logits.RELATIVE) for beta in draws])
    # A share of 0.1 that is met within a third, or within three standard errors of 1000 draws.
    np.testing.assert_allclose(found, by_chance, rtol=1 / 3, atol=0.05)
    fine = [max(by_logits.decode_path(beta)[:-1]) == 0 for beta in draws]
    assert np.mean(fine) > 0.95


@pytest.mark.parametrize(("num_layers", "least"), [(5, 0.8), (12, 0.7)])
def test_a_planted_path_is_found_by_the_relative_rule_only(num_layers, least):
    generator = np.random.default_rng(8)
    paths = all_paths(num_layers)
    hits = {rule: [] for rule in by_logits.PATH_DECODINGS}
    for _ in range(300):
        path = paths[generator.integers(len(paths))]
        beta = noise(generator, num_layers)
        sources = np.concatenate([[0], path[:-1]])
        beta[np.arange(num_layers), sources, path - sources + 1] += 0.2
        for rule, found in hits.items():
            found.append(by_logits.decode_path(beta, rule) == tuple(path))
    assert np.mean(hits[by_logits.RELATIVE]) >= least
    assert np.mean(hits[by_logits.VITERBI]) < 0.2


def test_an_unknown_rule():
    with pytest.raises(ValueError, match="viterbi, relative, found 'greedy'"):
        by_logits.decode_path(np.zeros([3, 4, 3]), "greedy")


def test_equally_probable_paths_are_settled_by_the_finer_level():
    # Three arrows leave level 1 with probability one third, two leave level 0 with one half.
    assert by_logits.decode_path(np.zeros([12, 4, 3])) == (0,) * 12
    beta = np.zeros([1, 4, 3])
    assert by_logits.decode_path(beta) == (0,)


def test_a_path_is_found_where_probabilities_underflow():
    beta = np.zeros([12, 4, 3])
    beta[..., trellis.UP] = 2000.0
    beta[..., trellis.DOWN] = -1000.0
    assert by_logits.decode_path(beta) == (0,) * 12
    beta[:, 0, trellis.DOWN] = 1000.0
    beta[1:, 1, trellis.DOWN] = 4000.0
    beta[2:, 2, trellis.SAME] = 4000.0
    assert by_logits.decode_path(beta) == (1,) + (2,) * 11


def test_transition_probabilities():
    beta = np.random.default_rng(1).standard_normal([12, 4, 3])
    probabilities = by_logits.transition_probabilities(beta)
    mask = trellis.arrow_mask(12)
    np.testing.assert_allclose(probabilities, naive_probabilities(beta), rtol=1e-12)
    np.testing.assert_array_equal(probabilities > 0, mask)
    np.testing.assert_allclose(probabilities.sum(axis=-1), mask.any(axis=-1), rtol=1e-12)


def test_operation_weights():
    alpha = np.random.default_rng(2).standard_normal([20, 8])
    weights = by_logits.operation_weights(alpha)
    np.testing.assert_allclose(weights, np.exp(alpha) / np.exp(alpha).sum(1, keepdims=True))


@pytest.mark.parametrize("num_blocks", [1, 2, 3, 5])
def test_decode_cell_against_brute_force(num_blocks):
    """Of all ways to choose two predecessors and their operations, the strongest is decoded."""
    generator = np.random.default_rng(num_blocks)
    for _ in range(10):
        alpha = 2 * generator.standard_normal([trellis.num_edges(num_blocks), 8])
        weights = np.exp(alpha) / np.exp(alpha).sum(axis=1, keepdims=True)
        strength = {
            (edge, name): weights[row, column]
            for row, edge in enumerate(trellis.edges(num_blocks))
            for column, name in enumerate(SEARCH_OPERATIONS)
            if name != "zero"
        }
        cell = by_logits.decode_cell(alpha)
        assert len(cell) == num_blocks
        for block, pairs in enumerate(cell):
            choices = itertools.product(range(block + 2), SEARCH_OPERATIONS[:ZERO_COLUMN])
            best = max(
                (two for two in itertools.permutations(choices, 2) if two[0][0] != two[1][0]),
                key=lambda two: [
                    strength[(two[0][0], block), two[0][1]],
                    strength[(two[1][0], block), two[1][1]],
                ],
            )
            assert pairs == best


@pytest.mark.parametrize("dominance", [1.0, 20.0, 2000.0])
def test_zero_is_never_decoded(dominance):
    alpha = np.random.default_rng(3).standard_normal([20, 8])
    alpha[:, ZERO_COLUMN] = dominance
    rows = {edge: row for row, edge in enumerate(trellis.edges(5))}
    for block, pairs in enumerate(by_logits.decode_cell(alpha)):
        for state, operation in pairs:
            best = alpha[rows[(state, block)], :ZERO_COLUMN].argmax()
            assert operation == SEARCH_OPERATIONS[best] != "zero"


def test_choices_stay_right_where_weights_underflow():
    alpha = np.random.default_rng(5).standard_normal([20, 8])
    alpha[:, ZERO_COLUMN] = 2000.0
    assert not by_logits.operation_weights(alpha)[:, :ZERO_COLUMN].any()
    largest = alpha[:, :ZERO_COLUMN].max(axis=1)
    for block, pairs in enumerate(by_logits.decode_cell(alpha)):
        strengths = [largest[row] for row, edge in enumerate(trellis.edges(5)) if edge[1] == block]
        assert [state for state, _ in pairs] == list(np.argsort(strengths)[::-1][:2])


def test_a_large_zero_weakens_its_edge():
    alpha = np.zeros([5, 8])
    alpha[2:, 0] = [3.0, 2.0, 1.0]
    assert [state for state, _ in by_logits.decode_cell(alpha)[1]] == [0, 1]
    alpha[2, ZERO_COLUMN] = 10.0
    assert [state for state, _ in by_logits.decode_cell(alpha)[1]] == [1, 2]


def test_equal_strengths_are_settled_by_the_lower_number():
    pair = ((0, SEARCH_OPERATIONS[0]), (1, SEARCH_OPERATIONS[0]))
    assert by_logits.decode_cell(np.zeros([20, 8])) == (pair,) * 5


def test_the_stronger_predecessor_comes_first():
    alpha = np.zeros([2, 8])
    alpha[1, 6] = 1.0
    assert by_logits.decode_cell(alpha) == (((1, "skip"), (0, SEARCH_OPERATIONS[0])),)


def test_other_candidates_are_decoded_by_their_names():
    operations = ("zero", "skip", "separable_7x7_1")
    alpha = np.array([[9.0, 0.0, 1.0], [9.0, 3.0, 2.0]])
    expected = (((1, "skip"), (0, "separable_7x7_1")),)
    assert by_logits.decode_cell(alpha, operations) == expected
    assert by_logits.decode(alpha, np.zeros([1, 4, 3]), operations).cell == expected
    # Without zero its column is a choice like others.
    assert by_logits.decode_cell(alpha, ("atrous_7x7", *operations[1:]))[0][0][1] == "atrous_7x7"
    assert by_logits.alpha_entropy(np.zeros([2, 3]), operations) == pytest.approx(1.0)
    assert by_logits.alpha_entropy(np.zeros([2, 1]), ("skip",)) == 0.0
    with pytest.raises(ValueError, match="alpha"):
        by_logits.decode_cell(alpha)


def test_decode_is_both():
    generator = np.random.default_rng(4)
    alpha, beta = generator.standard_normal([9, 8]), generator.standard_normal([6, 4, 3])
    architecture = by_logits.decode(alpha.astype(np.float32), beta.astype(np.float32))
    assert architecture.num_blocks == 3 and architecture.num_layers == 6
    assert architecture.path == by_logits.decode_path(beta.astype(np.float32))


def test_entropies():
    assert by_logits.alpha_entropy(np.zeros([20, 8])) == pytest.approx(1.0)
    assert by_logits.beta_entropy(np.zeros([12, 4, 3])) == pytest.approx(1.0)
    alpha = np.zeros([2, 8])
    alpha[0, 3] = 5000.0
    assert by_logits.alpha_entropy(alpha) == pytest.approx(0.5)
    beta = np.zeros([1, 4, 3])
    beta[0, 0] = [9.0, np.log(3.0), 0.0]
    expected = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    assert by_logits.beta_entropy(beta) == pytest.approx(expected)
    beta[0, 1:] = 7.0 * np.arange(9).reshape(3, 3)
    assert by_logits.beta_entropy(beta) == pytest.approx(expected)


def test_num_skips():
    cell = (((0, "skip"), (1, "skip")), ((2, "atrous_3x3"), (0, "skip")))
    assert by_logits.num_skips(cell) == 3


@pytest.mark.parametrize(
    "alpha",
    [np.zeros([20, 7]), np.zeros([3, 8]), np.zeros([0, 8]), np.zeros(8), np.full([2, 8], np.nan)],
)
def test_malformed_alpha_is_refused(alpha):
    for function in (by_logits.decode_cell, by_logits.operation_weights, by_logits.alpha_entropy):
        with pytest.raises(ValueError, match="alpha"):
            function(alpha)


@pytest.mark.parametrize(
    "beta",
    [np.zeros([12, 3, 3]), np.zeros([4, 3]), np.zeros([0, 4, 3]), np.full([2, 4, 3], np.inf)],
)
def test_malformed_beta_is_refused(beta):
    for function in (
        by_logits.decode_path,
        by_logits.transition_probabilities,
        by_logits.beta_entropy,
    ):
        with pytest.raises(ValueError, match="beta"):
            function(beta)
