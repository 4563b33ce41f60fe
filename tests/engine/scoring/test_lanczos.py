"""Ends of spectra that are known."""

import numpy as np
import pytest
from hypothesis import given, strategies

from deeplab_nas.engine.scoring import lanczos

_EIGENVALUES = strategies.lists(strategies.floats(-10, 10), min_size=1, max_size=12)


def made_matrix(eigenvalues, seed=0):
    random = np.random.default_rng(seed)
    vectors, _ = np.linalg.qr(random.normal(size=[len(eigenvalues)] * 2))
    return vectors * eigenvalues @ vectors.T, random.normal(size=len(eigenvalues))


@given(_EIGENVALUES, strategies.integers(0, 2**32 - 1))
def test_as_many_products_as_there_are_dimensions_find_the_ends(eigenvalues, seed):
    matrix, start = made_matrix(np.array(eigenvalues), seed)
    found = lanczos.spectrum(lambda vector: matrix @ vector, start, len(eigenvalues), 0.0)
    near = 1e-4 * np.abs(eigenvalues).max() + 1e-12
    assert found.largest == pytest.approx(max(eigenvalues), abs=near)
    assert found.smallest == pytest.approx(min(eigenvalues), abs=near)
    assert found.products <= len(eigenvalues)


@pytest.mark.parametrize(("smallest", "largest"), [(-9.0, 2.0), (-0.1, 8.0), (-7.0, -0.5)])
def test_the_largest_is_the_largest_by_its_sign(smallest, largest):
    """Also where another one is larger by its size, which a power iteration would find."""
    random = np.random.default_rng(1)
    middle = smallest + (largest - smallest) * random.uniform(0.2, 0.8, 200)
    matrix, start = made_matrix(np.array([smallest, *middle, largest]))
    products = []

    def product(vector):
        products.append(vector)
        return matrix @ vector

    found = lanczos.spectrum(product, start, 40)
    assert found.largest == pytest.approx(largest, rel=0.01)
    assert found.smallest == pytest.approx(smallest, abs=0.01 * max(-smallest, abs(largest)))
    assert found.products == len(products) < 40
    products = np.array(products)
    np.testing.assert_allclose(products @ products.T, np.eye(len(products)), atol=1e-9)


def test_it_ends_in_a_space_that_the_matrix_does_not_leave():
    found = lanczos.spectrum(lambda vector: 3.0 * vector, np.ones(50))
    assert found == lanczos.Spectrum(pytest.approx(3.0), pytest.approx(3.0), 1)
    found = lanczos.spectrum(np.zeros_like, np.ones(50))
    assert found == lanczos.Spectrum(0.0, 0.0, 1)
