"""The ends of the spectrum of a symmetric matrix that is known by its products alone."""

import dataclasses
from collections.abc import Callable

import numpy as np

# Rounding, beside the largest eigenvalue: what is left of a vector then lies in the space already.
_NOTHING = 1e-7


@dataclasses.dataclass(frozen=True)
class Spectrum:
    """The ends of a spectrum.

    Attributes:
        smallest: The smallest eigenvalue, by its sign.
        largest: The largest one, by its sign.
        products: Products with the matrix that were taken.
    """

    smallest: float
    largest: float
    products: int


def spectrum(
    product: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    most_products: int = 20,
    tolerance: float = 0.01,
) -> Spectrum:
    """Finds the extreme eigenvalues by Lanczos's method with full re-orthogonalisation.

    Args:
        product: Multiplies a vector `[n]` by the matrix.
        start: The vector that it begins with, not zero; eigenvectors that are orthogonal to it are
            not found.
        most_products: Products after which it ends in any case.
        tolerance: It ends where another product moves neither end by more than this share of the
            larger one of them by size, and the largest eigenvalue by no more than this share of
            itself.
    """
    basis = [start / np.linalg.norm(start)]
    diagonal: list[float] = []
    beside: list[float] = []
    ends = None
    while True:
        vector = product(basis[-1]).astype(np.float64)
        diagonal.append(float(vector @ basis[-1]))
        matrix = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        before, ends = ends, np.linalg.eigvalsh(matrix)[[0, -1]]
        found = Spectrum(float(ends[0]), float(ends[1]), len(basis))
        if len(basis) == most_products or (before is not None and _stands(before, ends, tolerance)):
            return found
        space = np.array(basis)
        for _ in range(2):
            # Once leaves a part of what rounding has brought back.
            vector = vector - space.T @ (space @ vector)
        beside.append(float(np.linalg.norm(vector)))
        if beside[-1] <= _NOTHING * np.abs(ends).max():
            return found
        basis.append(vector / beside[-1])


def _stands(before, ends, tolerance):
    moved = np.abs(ends - before)
    return moved.max() <= tolerance * np.abs(ends).max() and moved[1] <= tolerance * abs(ends[1])
