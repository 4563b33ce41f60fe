"""What a difference between networks is worth: intervals, tests and correlations of ranks.

Intervals are percentile bootstraps with a seed. Those over few values are too narrow, since a
bootstrap divides by n and not by n - 1: over 5 seeds by a tenth.

Everywhere, values are finite numbers `[n]`. Fewer of them than a function needs, values that are
not finite and pairs that do not match are programming errors and raise `ValueError`.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import scipy.stats

from deeplab_nas.engine.scoring import metrics

CONFIDENCE = 0.95

_RESAMPLES = 2000
# Bounds the memory of a bootstrap, not what it finds.
_BATCH = 200
# All signs of 16 differences are tried where some are equal; of more so many drawn ones.
_SIGNS = 2**16


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value and its bootstrap interval.

    Attributes:
        value: Of the whole sample.
        low: Lower end of the interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class SignedRank:
    """What Wilcoxon's signed-rank test finds.

    Attributes:
        greater: Probability under chance of differences that lie so far above 0.
        two_sided: The same in either direction.
    """

    greater: float
    two_sided: float


def percentile(value: float, others: Sequence[float]) -> float:
    """Returns the share of one or more others that are lower, equal ones counted half: 0..1."""
    compared = _values(others, least=1)
    return float(np.mean(compared < value) + np.mean(compared == value) / 2)


def mean_difference(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Estimate:
    """Mean of paired differences, such as of two networks over the same seeds.

    Args:
        first: 2 values or more.
        second: As many, in the same order.
        seed: Of the bootstrap over the pairs.

    Returns:
        The mean of first minus second.
    """
    first, second = _pairs(first, second, least=2)
    return bootstrap([first - second], np.mean, seed)


def mean_iou_difference(first: np.ndarray, second: np.ndarray, seed: int = 0) -> Estimate:
    """Difference in mean IoU of two networks, or of two ways to find some, on the same images.

    Resamples the repetitions, the seeds in each of them and, at the same time, the images, which
    are the same ones for all. What another find, another training and other images would change is
    in the interval.

    Args:
        first: Confusion matrices `[repetitions, seeds, images, classes, classes]`, rows are labels.
            A repetition is a find, and the seeds are those of its trainings. There may be one of
            each: what is not there several times is taken for certain.
        second: The same of the other, its repetitions paired with those of `first`, on the same
            images in the same order; it may have another number of seeds.
        seed: Of the bootstrap.

    Returns:
        Mean over repetitions and seeds of the mean IoU of all images, first minus second.
    """
    first, second = (np.asarray(matrices) for matrices in (first, second))
    shapes = [(each.shape[:1], each.shape[2:]) for each in (first, second)]
    if first.ndim != 5 or shapes[0] != shapes[1] or first.shape[3] != first.shape[4]:
        raise ValueError(
            "Expected matrices [repetitions, seeds, images, classes, classes] of the same images, "
            f"found shapes {first.shape} and {second.shape}."
        )
    if first.shape[2] < 2:
        raise ValueError("Expected 2 images or more, found one.")
    random = np.random.default_rng(seed)
    images = first.shape[2]
    resampled = []
    for _ in range(_RESAMPLES // _BATCH):
        # How often each image stands in each resample.
        counts = random.multinomial(images, np.full(images, 1 / images), size=_BATCH)
        repetitions = random.integers(len(first), size=(_BATCH, len(first), 1))
        means = [_resampled_mean(each, counts, repetitions, random) for each in (first, second)]
        resampled.append(np.subtract(*means))
    whole = (_mean_ious(each.sum(axis=2)).mean() for each in (first, second))
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(np.subtract(*whole)), float(low), float(high))


def signed_rank(first: Sequence[float], second: Sequence[float]) -> SignedRank:
    """Wilcoxon's signed-rank test of paired differences, exact.

    Differences of 0 are left out. Where some of up to 16 differences are equal, all their signs are
    tried, since the tabled distribution knows no ties.

    Args:
        first: 2 values or more.
        second: As many, in the same order.

    Returns:
        The probabilities; 1 where all differences are 0.
    """
    first, second = _pairs(first, second, least=2)
    differences = first - second
    differences = differences[differences != 0]
    if not differences.size:
        return SignedRank(1.0, 1.0)
    method = "exact"
    if len(np.unique(np.abs(differences))) < len(differences):
        method = scipy.stats.PermutationMethod(_SIGNS, rng=np.random.default_rng(0))
    greater, two_sided = (
        float(scipy.stats.wilcoxon(differences, alternative=alternative, method=method).pvalue)
        for alternative in ("greater", "two-sided")
    )
    return SignedRank(greater, two_sided)


def better_share(found: Sequence[float], random: Sequence[float]) -> float:
    """Returns the share of the pairs in which the one found is better, equal ones counted half.

    It is U / (n m) of Mann and Whitney, of one or more values each.
    """
    return float(_share([_values(found, least=1), _values(random, least=1)]))


def better_probability(found: Sequence[float], random: Sequence[float], seed: int = 0) -> Estimate:
    """Probability that one of those found is better than a random one: `better_share`.

    Args:
        found: 2 values or more.
        random: 2 values or more.
        seed: Of the bootstrap over both.
    """
    samples = [_values(found, least=2), _values(random, least=2)]
    return bootstrap(samples, lambda *both, axis: _share(both, axis), seed)


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Correlation of the ranks, where equal values share theirs.

    Args:
        first: 2 values or more.
        second: As many, in the same order.

    Returns:
        -1..1, or None where all values of one are equal.
    """
    first, second = _pairs(first, second, least=2)
    if not (np.ptp(first) and np.ptp(second)):
        return None
    return float(scipy.stats.spearmanr(first, second).statistic)


def spearman_interval(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Estimate:
    """`spearman` of 3 pairs or more, with an interval over the pairs; neither may be all equal."""
    first, second = _pairs(first, second, least=3)
    if not (np.ptp(first) and np.ptp(second)):
        raise ValueError("Expected values that differ, found ones that are all equal.")

    def correlation(one, other, axis):
        ranks = (scipy.stats.rankdata(values, axis=axis) for values in (one, other))
        deviations = [each - each.mean(axis=axis, keepdims=True) for each in ranks]
        products = np.sum(deviations[0] * deviations[1], axis=axis)
        sizes = np.sqrt(np.prod([np.sum(each**2, axis=axis) for each in deviations], axis=0))
        # A resample of equal values ranks nothing.
        return np.divide(products, sizes, out=np.zeros_like(products), where=sizes > 0)

    return bootstrap([first, second], correlation, seed, paired=True)


def partial_spearman(
    first: Sequence[float], second: Sequence[float], given: Sequence[float]
) -> float | None:
    """Correlation of the ranks of two, as far as a third does not explain it.

    Args:
        first: 3 values or more.
        second: As many, in the same order.
        given: As many, the third, such as multiply-adds.

    Returns:
        -1..1, or None where all values of one are equal, or the third ranks like one of the two.
    """
    first, second = _pairs(first, second, least=3)
    found = [spearman(*pair) for pair in ((first, second), (first, given), (second, given))]
    if None in found:
        return None
    of_both, of_first, of_second = found
    left = (1 - of_first**2) * (1 - of_second**2)
    return float((of_both - of_first * of_second) / left**0.5) if left > 1e-12 else None


def bootstrap(
    samples: Sequence[np.ndarray],
    statistic: Callable[..., np.ndarray],
    seed: int,
    paired: bool = False,
) -> Estimate:
    """Percentile interval of a statistic.

    Args:
        samples: Values `[n]` each, of 2 or more.
        statistic: Takes the samples, with other axes before theirs, and `axis`.
        seed: Of what is drawn.
        paired: Whether the samples are drawn together.
    """
    found = scipy.stats.bootstrap(
        samples,
        statistic,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        vectorized=True,
        paired=paired,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    value = float(statistic(*samples, axis=-1))
    return Estimate(value, float(found.low), float(found.high))


def _resampled_mean(matrices, counts, repetitions, random):
    """Mean IoU `[resamples]` over the repetitions drawn and over seeds that are drawn in each."""
    # `[resamples, repetitions, seeds]`.
    mious = _mean_ious(np.tensordot(counts, matrices, axes=(1, 2)))
    drawn = np.take_along_axis(mious, repetitions, axis=1)
    seeds = random.integers(drawn.shape[2], size=drawn.shape)
    return np.take_along_axis(drawn, seeds, axis=2).mean(axis=(1, 2))


def _share(both, axis=-1):
    u = scipy.stats.mannwhitneyu(*both, axis=axis, method="asymptotic").statistic
    return u / (both[0].shape[axis] * both[1].shape[axis])


def _mean_ious(matrices):
    """`[..., classes, classes]` to `[...]`, absent classes left out."""
    return np.nanmean(metrics.class_iou(matrices), axis=-1)


def _values(values, least):
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or len(found) < least:
        raise ValueError(f"Expected {least} values or more, found the shape {found.shape}.")
    if not np.isfinite(found).all():
        raise ValueError("Expected finite values.")
    return found


def _pairs(first, second, least):
    first, second = _values(first, least), _values(second, least)
    if len(first) != len(second):
        raise ValueError(f"Expected pairs, found {len(first)} and {len(second)} values.")
    return first, second
