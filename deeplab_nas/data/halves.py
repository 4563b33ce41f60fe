"""The fixed disjoint halves of the training split, trainA and trainB (paper, section 4.2)."""

import numpy as np


def half_split(num_examples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Splits example numbers into two disjoint halves that depend on the seed alone.

    Args:
        num_examples: Examples in the split.
        seed: Seed of the run, 0..2^32 - 1.

    Returns:
        The numbers of trainA and of trainB, int64; together every number once, trainA holding one
        more where the count is odd.
    """
    # The stream of RandomState is frozen over the versions of NumPy, that of Generator is not.
    permutation = np.random.RandomState(seed).permutation(num_examples).astype(np.int64)
    middle = (num_examples + 1) // 2
    return permutation[:middle], permutation[middle:]
