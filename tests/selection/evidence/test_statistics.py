"""Statistics beside enumerations, loops and other definitions of the same."""

import itertools

import numpy as np
import pytest

from deeplab_nas.engine.scoring import metrics
from deeplab_nas.selection.evidence import statistics


def test_a_percentile_counts_equal_ones_half():
    assert statistics.percentile(0.5, [0.1, 0.2, 0.5, 0.9]) == 2.5 / 4
    assert statistics.percentile(1, [0]) == 1
    assert statistics.percentile(0, [0, 0]) == 0.5


def test_a_mean_difference_has_the_interval_of_its_standard_error():
    random = np.random.RandomState(1)
    first = random.normal(size=200)
    second = first - 0.3 - 0.1 * random.normal(size=200)
    found = statistics.mean_difference(first, second)
    assert found.value == pytest.approx(np.mean(first - second))
    # The pairs count, and not the spread within each list.
    error = np.std(first - second) / 200**0.5
    assert found.low == pytest.approx(found.value - 1.96 * error, abs=0.2 * error)
    assert found.high == pytest.approx(found.value + 1.96 * error, abs=0.2 * error)
    assert statistics.mean_difference(first, second) == found


def _matrices(random, seeds, images, quality):
    """Confusion matrices of networks that are right more or less often, on images that differ."""
    labels = random.dirichlet([1, 1, 1], size=images)
    right = quality + 0.05 * random.normal(size=(seeds, 1, 1, 1))
    shares = (1 - right) / 3 + right * np.eye(3)
    pixels = random.uniform(500, 1000, (1, images, 1, 1))
    return np.round(pixels * labels[None, :, :, None] * shares)


def _by_hand(groups, random):
    """A resample of the difference, drawn one by one: repetitions, seeds of each, images."""
    count, images = len(groups[0]), groups[0].shape[2]
    drawn = random.randint(images, size=images)
    means = [[], []]
    for repetition in random.randint(count, size=count):
        for group, found in zip(groups, means, strict=True):
            trained = group[repetition]
            seeds = random.randint(len(trained), size=len(trained))
            found.append(
                np.mean([metrics.mean_iou(trained[seed][drawn].sum(axis=0)) for seed in seeds])
            )
    return np.mean(means[0]) - np.mean(means[1])


@pytest.mark.parametrize("repetitions", [1, 3])
def test_a_difference_in_mean_iou_is_over_repetitions_seeds_and_images(repetitions):
    random = np.random.RandomState(2)
    # Of repetitions that differ by far more than seeds do.
    qualities = 0.3 * np.arange(repetitions) / repetitions
    groups = [
        np.stack([_matrices(random, seeds, 8, quality + each) for each in qualities])
        for seeds, quality in ((3, 0.6), (2, 0.4))
    ]
    found = statistics.mean_iou_difference(*groups)
    whole = [
        np.mean([[metrics.mean_iou(one.sum(axis=0)) for one in each] for each in group])
        for group in groups
    ]
    assert found.value == pytest.approx(whole[0] - whole[1])
    differences = [_by_hand(groups, random) for _ in range(1500)]
    tolerance = 0.3 * np.std(differences)
    assert found.low == pytest.approx(np.quantile(differences, 0.025), abs=tolerance)
    assert found.high == pytest.approx(np.quantile(differences, 0.975), abs=tolerance)
    # Pairs go together: the spread of the repetitions is in neither difference.
    assert 0.01 < np.std(differences) < 0.1


def test_images_are_drawn_together_for_both_networks():
    random = np.random.RandomState(3)
    matrices = np.repeat(_matrices(random, 1, 8, 0.6), 2, axis=0)[None]
    assert statistics.mean_iou_difference(matrices, matrices) == statistics.Estimate(0, 0, 0)


def test_repetitions_are_drawn_together_for_both_networks():
    random = np.random.RandomState(4)
    matrices = np.stack([_matrices(random, 1, 8, quality) for quality in (0.2, 0.5, 0.9)])
    assert statistics.mean_iou_difference(matrices, matrices) == statistics.Estimate(0, 0, 0)


@pytest.mark.parametrize(
    "differences",
    [
        [0.3, 0.1, -0.2, 0.5, 0.4],
        [0.5, 0.25, 0.75, 1, 2, -3, 4, 5],
        # Equal ones, and one that is 0.
        [1, 1, 1, -1, 1, 0, 2],
    ],
)
def test_a_signed_rank_test_counts_all_signs(differences):
    found = statistics.signed_rank(differences, np.zeros(len(differences)))
    nonzero = np.array([one for one in differences if one])
    sizes = np.abs(nonzero)
    ranks = np.array([np.sum(sizes < one) + (np.sum(sizes == one) + 1) / 2 for one in sizes])
    all_signs = np.array(list(itertools.product([0, 1], repeat=len(ranks))))
    sums = all_signs @ ranks
    seen = ranks[nonzero > 0].sum()
    above, below = np.mean(sums >= seen), np.mean(sums <= seen)
    assert found.greater == pytest.approx(above)
    assert found.two_sided == pytest.approx(min(2 * min(above, below), 1))


def test_no_difference_is_chance():
    assert statistics.signed_rank([1, 2], [1, 2]) == statistics.SignedRank(1, 1)


def test_the_probability_of_being_better_is_a_share_of_pairs():
    random = np.random.RandomState(4)
    found, others = random.randint(5, size=12) + 1, random.randint(5, size=30)
    pairs = [(a > b) + 0.5 * (a == b) for a in found for b in others]
    estimate = statistics.better_probability(found, others)
    assert estimate.value == pytest.approx(np.mean(pairs))
    assert statistics.better_share(found, others) == estimate.value
    shares = [
        statistics.better_share(random.choice(found, 12), random.choice(others, 30))
        for _ in range(500)
    ]
    assert estimate.low == pytest.approx(np.quantile(shares, 0.025), abs=0.05)
    assert estimate.high == pytest.approx(np.quantile(shares, 0.975), abs=0.05)
    # Nothing to resample changes that all are better.
    assert statistics.better_probability([2, 3], [0, 1]) == statistics.Estimate(1, 1, 1)


def test_ranks_are_compared_and_equal_values_share_theirs():
    assert statistics.spearman([1, 5, 2], [10, 1000, 11]) == pytest.approx(1)
    assert statistics.spearman([1, 5, 2], [3, 1, 2]) == pytest.approx(-1)
    # Ranks 1.5, 1.5, 3 and 1, 2, 3.
    assert statistics.spearman([4, 4, 9], [1, 2, 3]) == pytest.approx(0.75**0.5)
    assert statistics.spearman([4, 4], [1, 2]) is None


def test_an_interval_of_a_rank_correlation_is_that_of_the_same_correlation():
    random = np.random.RandomState(5)
    first = np.round(random.normal(size=100), 1)
    second = first + random.normal(size=100)
    found = statistics.spearman_interval(first, second)
    assert found.value == pytest.approx(statistics.spearman(first, second))
    # Fisher's transformation, with the variance of Bonett and Wright.
    error = ((1 + found.value**2 / 2) / 97) ** 0.5
    expected = np.tanh(np.arctanh(found.value) + 1.96 * error * np.array([-1, 1]))
    np.testing.assert_allclose([found.low, found.high], expected, atol=0.06)


def test_a_partial_correlation_is_that_of_what_the_third_leaves():
    random = np.random.RandomState(6)
    given = random.normal(size=60)
    first, second = given + random.normal(size=60), given + random.normal(size=60)
    ranks = [np.argsort(np.argsort(one)) for one in (first, second, given)]
    left = [one - np.polyval(np.polyfit(ranks[2], one, 1), ranks[2]) for one in ranks[:2]]
    partial = statistics.partial_spearman(first, second, given)
    assert partial == pytest.approx(np.corrcoef(*left)[0, 1])
    assert abs(partial) < statistics.spearman(first, second)
    assert statistics.partial_spearman(first, second, np.exp(first)) is None
    assert statistics.partial_spearman(first, second, np.ones(60)) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: statistics.percentile(1, []),
        lambda: statistics.mean_difference([1], [1]),
        lambda: statistics.mean_difference([1, 2], [1, 2, 3]),
        lambda: statistics.mean_difference([1, np.nan], [1, 2]),
        lambda: statistics.signed_rank([1], [2]),
        lambda: statistics.better_share([], [2]),
        lambda: statistics.better_probability([1], [1, 2]),
        lambda: statistics.spearman([1], [1]),
        lambda: statistics.spearman_interval([1, 2], [1, 2]),
        lambda: statistics.spearman_interval([1, 1, 1], [1, 2, 3]),
        lambda: statistics.partial_spearman([1, 2], [1, 2], [1, 2]),
        lambda: statistics.mean_iou_difference(*[np.ones([2, 3, 2, 2])] * 2),
        lambda: statistics.mean_iou_difference(*[np.ones([1, 2, 1, 2, 2])] * 2),
        lambda: statistics.mean_iou_difference(*[np.ones([1, 2, 3, 2, 3])] * 2),
        lambda: statistics.mean_iou_difference(np.ones([1, 2, 3, 2, 2]), np.ones([1, 2, 4, 2, 2])),
        lambda: statistics.mean_iou_difference(np.ones([1, 2, 3, 2, 2]), np.ones([2, 2, 3, 2, 2])),
    ],
)
def test_too_few_values_are_a_programming_error(call):
    with pytest.raises(ValueError, match="Expected"):
        call()
