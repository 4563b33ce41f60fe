"""A validation split of pairs that come without one."""

import hashlib
from collections.abc import Sequence

from deeplab_nas.errors import UserError
from tfrecords_tools.sources.pairs import Pair


def split_off(pairs: Sequence[Pair], val_fraction: float) -> tuple[list[Pair], list[Pair]]:
    """Parts pairs by their names alone, so that the same names are always parted alike.

    Args:
        pairs: Pairs of distinct names.
        val_fraction: Share that is split off, above 0 and below 1: rounded to whole pairs, and at
            least one pair on either side.

    Returns:
        The pairs that stay and those that are split off, each in the order they had. The latter
        are those whose names have the smallest hashes, so that pairs that are added move few of
        the others.

    Raises:
        UserError: There are fewer than two pairs.
    """
    if len(pairs) < 2:
        raise UserError(
            f"Expected at least 2 pairs with --val_fraction={val_fraction}, one for each split, "
            f"found {len(pairs)}: add pairs or leave --val_fraction out."
        )
    count = min(max(round(val_fraction * len(pairs)), 1), len(pairs) - 1)
    val = set(sorted((pair.name for pair in pairs), key=_place)[:count])
    return (
        [pair for pair in pairs if pair.name not in val],
        [pair for pair in pairs if pair.name in val],
    )


def _place(name: str) -> bytes:
    # A name that is no UTF-8 is a name too.
    return hashlib.sha256(name.encode(errors="surrogateescape")).digest()
