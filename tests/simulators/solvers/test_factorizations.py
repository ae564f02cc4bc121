"""Splits of a product: each keeps it, obeys its constraint, and has the slope that its docstring states."""

import numpy as np
import pytest

from mtl_simulators.geometry import covariance_with_spectrum, make_rotation, make_tasks_with_spectrum
from mtl_simulators.solvers import balanced, orthonormal_rows, unit_rows, whitened

ALL = [orthonormal_rows, whitened, balanced, unit_rows]
RANK, N_TASKS, N_FEATURES = 4, 6, 9


def products(n_replicates=5, *, spectrum=None, rank=RANK, seed=0):
    """Products of rank `rank` and their covariances, as factorizations take them."""
    rng = np.random.default_rng(seed)
    if spectrum is None:
        rows = rng.standard_normal((n_replicates, rank, N_FEATURES))
        product = rng.standard_normal((n_replicates, N_TASKS, rank)) @ rows
    else:
        product = make_tasks_with_spectrum(
            rng, spectrum=spectrum, n_tasks=N_TASKS, n_features=N_FEATURES, n_replicates=n_replicates
        )
    rotation = make_rotation(rng, n_features=N_FEATURES)
    covariance = covariance_with_spectrum(np.geomspace(8, 0.1, N_FEATURES), rotation=rotation)
    return product, np.broadcast_to(covariance, (n_replicates, N_FEATURES, N_FEATURES))


def slope(heads):
    return (heads**2).sum(axis=(-1, -2)) / heads.shape[-2]


def spectra(product):
    return np.linalg.svd(product, compute_uv=False)[:, :RANK]


@pytest.mark.parametrize("factorize", ALL)
def test_the_product_is_kept(factorize):
    product, covariance = products()
    representation, heads = factorize(product, RANK, covariance)
    assert representation.shape == (5, RANK, N_FEATURES) and heads.shape == (5, N_TASKS, RANK)
    assert np.allclose(heads @ representation, product, atol=1e-12)


@pytest.mark.parametrize("factorize", ALL)
def test_more_than_the_capacity_is_truncated(factorize):
    product, covariance = products()
    representation, heads = factorize(product, 2, covariance)
    # The best approximation of rank 2: in the metric of the covariance for whitened units.
    metric = np.linalg.cholesky(covariance[0]) if factorize is whitened else np.eye(N_FEATURES)
    left, spectrum, rows = np.linalg.svd(product @ metric, full_matrices=False)
    expected = left[..., :2] * spectrum[:, None, :2] @ rows[:, :2] @ np.linalg.inv(metric)
    assert np.allclose(heads @ representation, expected, atol=1e-11)


def test_orthonormal_rows_and_their_slope():
    product, covariance = products()
    representation, heads = orthonormal_rows(product, RANK, covariance)
    assert np.allclose(representation @ representation.mT, np.eye(RANK), atol=1e-13)
    # Daras et al. (2022), equation (4): the heads of the SVD solution have Gamma Gamma' = diag(s^2).
    gram = heads.mT @ heads
    assert np.allclose(gram, spectra(product)[:, None] ** 2 * np.eye(RANK), atol=1e-11)
    assert np.allclose(slope(heads), (spectra(product) ** 2).sum(axis=-1) / N_TASKS, rtol=1e-12)


def test_whitened_units_and_their_slope():
    product, covariance = products()
    representation, heads = whitened(product, RANK, covariance)
    assert np.allclose(representation @ covariance @ representation.mT, np.eye(RANK), atol=1e-12)
    # The Frobenius norm of the product in the metric of the covariance.
    expected = np.einsum("bti,bij,btj->b", product, covariance, product) / N_TASKS
    assert np.allclose(slope(heads), expected, rtol=1e-12)


def test_balanced_factors_and_their_slope():
    product, covariance = products()
    representation, heads = balanced(product, RANK, covariance)
    assert np.allclose(representation @ representation.mT, heads.mT @ heads, atol=1e-12)
    assert np.allclose(slope(heads), spectra(product).sum(axis=-1) / N_TASKS, rtol=1e-12)


@pytest.mark.parametrize(
    "spectrum", [None, [5.0, 2.0, 1.0, 1e-3], [2.0, 2.0, 2.0, 2.0], [1.0, 1.0, 1e-9, 1e-9]]
)
def test_unit_rows_have_unit_norms_and_the_stated_slope(spectrum):
    product, covariance = products(spectrum=spectrum)
    representation, heads = unit_rows(product, RANK, covariance)
    assert np.abs((representation**2).sum(axis=-1) - 1).max() < 1e-13
    assert np.allclose(heads @ representation, product, atol=1e-12)
    expected = spectra(product).sum(axis=-1) ** 2 / (RANK * N_TASKS)
    assert np.allclose(slope(heads), expected, rtol=1e-12)


def test_unit_rows_stay_unit_when_entries_are_almost_the_mean():
    # Angles of rotation are ratios of distances to the mean, here down to the last digit.
    for seed, delta in enumerate(np.geomspace(1e-3, 1e-15, 13)):
        product, covariance = products(200, spectrum=[3.0, 2.0 + delta, 1.0, 2.0 - 3 * delta], seed=seed)
        representation, _ = unit_rows(product, RANK, covariance)
        assert np.abs((representation**2).sum(axis=-1) - 1).max() < 1e-13


def test_no_unit_rows_of_the_same_product_have_a_smaller_slope():
    product, covariance = products(1)
    representation, heads = unit_rows(product, RANK, covariance)
    rng = np.random.default_rng(1)
    # Every factorization is A W, Gamma A^-1; rows of A W scaled to norm one.
    mixing = rng.standard_normal((2000, RANK, RANK))
    near = np.eye(RANK) + 0.05 * rng.standard_normal((2000, RANK, RANK))
    for other in (mixing, near):
        rows = other @ representation
        rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
        others = product @ np.linalg.pinv(rows)
        assert np.allclose(others @ rows, product, atol=1e-7)
        assert slope(others).min() > slope(heads)[0] * (1 - 1e-12)
    assert slope(others).min() < 1.05 * slope(heads)[0]  # the neighbours do come near


@pytest.mark.parametrize("factorize", [orthonormal_rows, balanced, whitened])
def test_a_product_of_smaller_rank_is_split_too(factorize):
    product, covariance = products(rank=2)
    representation, heads = factorize(product, RANK, covariance)
    assert np.allclose(heads @ representation, product, atol=1e-12)


@pytest.mark.parametrize("factorize", ALL)
@pytest.mark.parametrize("capacity", [1, 3])
def test_a_batch_is_its_replicates_one_by_one(factorize, capacity):
    product, covariance = products()
    representation, heads = factorize(product, capacity, covariance)
    for b in range(5):
        one = factorize(product[b : b + 1], capacity, covariance[b : b + 1])
        assert np.array_equal(one[0][0], representation[b]) and np.array_equal(one[1][0], heads[b])


@pytest.mark.parametrize("factorize", ALL)
def test_single_precision_stays_single(factorize):
    product, covariance = products()
    representation, heads = factorize(product.astype(np.float32), RANK, covariance.astype(np.float32))
    assert representation.dtype == heads.dtype == np.float32
    # Whitening multiplies and divides by roots whose ratio is 9.
    assert np.abs(heads @ representation - product).max() < 1e-5 * np.abs(product).max()


@pytest.mark.parametrize("factorize", ALL)
def test_bad_products_and_capacities_are_refused_with_the_remedy(factorize):
    product, covariance = products()
    with pytest.raises(ValueError, match=r"capacity r = 7 exceeds min\(d, T\) = 6: .* a smaller capacity"):
        factorize(product, 7, covariance)
    with pytest.raises(ValueError, match=r"product has shape \(6, 9\): expected 3 dimensions; reshape it"):
        factorize(product[0], RANK, covariance[:1])
    with pytest.raises(ValueError, match=r"holds NaN or infinity, first at index"):
        factorize(np.full_like(product, np.nan), RANK, covariance)


def test_unit_rows_need_the_full_rank():
    product, covariance = products(rank=2)
    with pytest.raises(ValueError, match="unit rows need a product of full rank 4; lower the capacity"):
        unit_rows(product, RANK, covariance)
    assert np.allclose(np.linalg.norm(unit_rows(product, 2, covariance)[0], axis=-1), 1, atol=1e-13)


@pytest.mark.parametrize("singular", [1, 5])
def test_whitening_needs_an_invertible_covariance(singular):
    product, covariance = products()
    flat = covariance.copy()
    values, vectors = np.linalg.eigh(flat[2])
    flat[2] = (vectors[:, singular:] * values[singular:]) @ vectors[:, singular:].T
    with pytest.raises(
        ValueError, match="whitening needs an invertible covariance; use orthonormal_rows, or"
    ):
        whitened(product, RANK, flat)
