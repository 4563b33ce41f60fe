"""Whether scores of untrained networks may choose among networks, on this data."""

import dataclasses
from collections.abc import Mapping, Sequence

import scipy.stats

from deeplab_nas.selection.evidence import statistics

LEAST_CORRELATION = 0.4
LEAST_NETWORKS = 24


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a gate says of a score.

    Attributes:
        passed: Whether the score may be used.
        reason: Why, one sentence.
        correlation: Spearman's, of the score with the mIoU; 0 where one of them is constant.
        rivals: The same of each rival, without its sign: what is trivial may be used upside down.
    """

    passed: bool
    reason: str
    correlation: float
    rivals: Mapping[str, float]


def judge(
    scores: Sequence[float], mious: Sequence[float], rivals: Mapping[str, Sequence[float]]
) -> Verdict:
    """Judges a score by trained networks.

    It passes with a rank correlation of `LEAST_CORRELATION` or more on `LEAST_NETWORKS` or more,
    above that of every rival. Where a rival does as well, the rival is free.

    Args:
        scores: Of the untrained networks, higher for better ones; those inside the band that the
            score is to be used in.
        mious: Of the same networks, trained.
        rivals: What is known of them without a score, by name, as `headroom.RIVALS` has it.

    Returns:
        The verdict.
    """
    correlation = _spearman(scores, mious)
    others = {name: abs(_spearman(values, mious)) for name, values in rivals.items()}
    told = f"Spearman's correlation of the score with mIoU is {correlation:.2f}"
    if len(mious) < LEAST_NETWORKS:
        reason = f"{len(mious)} trained networks are too few to judge by, of {LEAST_NETWORKS}"
    elif correlation < LEAST_CORRELATION:
        reason = f"{told} on {len(mious)} trained networks, below {LEAST_CORRELATION}"
    elif beaten_by := [name for name, other in others.items() if other >= correlation]:
        best = max(beaten_by, key=others.get)
        reason = f"{told}, but that of {best} is {others[best]:.2f} and costs nothing"
    else:
        compared = ", ".join(f"{other:.2f} of {name}" for name, other in others.items())
        above = f", and above {compared}" if compared else ""
        return Verdict(
            True,
            f"{told} on {len(mious)} trained networks, at least {LEAST_CORRELATION}{above}.",
            correlation,
            others,
        )
    return Verdict(False, f"{reason}.", correlation, others)


def _spearman(first, second):
    if len(first) < 2:
        return 0.0
    # Of ranks, since a score may be infinite; None where one of them is constant, which tells
    # nothing either way.
    return statistics.spearman(*map(scipy.stats.rankdata, (first, second))) or 0.0
