"""Bartlett factors against the normal matrices that they stand for.

Seeds are fixed. 24 two-sample KS tests at p > 1e-4: were the seed drawn anew, one run in 400 would fail.
Moments are held to 4.5 standard errors, 7e-6 an entry.
"""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.exact._wishart import chi, inverse_lower, wishart_factor

N = 4000


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("dimension", "degrees"), [(4, 9), (4, 4), (5, 3), (3, 1)])
def test_factor_has_the_law_of_a_normal_gram_matrix(dimension, degrees, dtype):
    rng = np.random.default_rng(1)
    factor = wishart_factor(rng, n_replicates=N, dimension=dimension, degrees=degrees, dtype=dtype)
    raw = rng.standard_normal((N, degrees, dimension))
    rank = min(dimension, degrees)
    assert factor.shape == (N, dimension, rank)
    assert factor.dtype == dtype
    assert not np.triu(factor, 1).any()
    gram, expected = factor @ factor.mT, raw.mT @ raw
    for statistic in (
        lambda g: np.linalg.eigvalsh(g)[:, -1],
        lambda g: np.linalg.eigvalsh(g)[:, -rank],
        lambda g: g.sum(axis=(1, 2)) + 3 * g[:, 0, -1],
    ):
        assert stats.ks_2samp(statistic(gram), statistic(expected)).pvalue > 1e-4


def test_mean_and_covariance_of_wishart_entries():
    degrees, dimension = 7, 3
    factor = wishart_factor(
        np.random.default_rng(2), n_replicates=40_000, dimension=dimension, degrees=degrees
    )
    gram = factor @ factor.mT
    identity = np.eye(dimension)
    error = gram.std(axis=0, ddof=1) / np.sqrt(len(gram))
    assert (np.abs(gram.mean(axis=0) - degrees * identity) < 4.5 * error).all()
    # Var(S_ij) = m (1 + [i = j]) for identity scale.
    squared = (gram - degrees * identity) ** 2
    error = squared.std(axis=0, ddof=1) / np.sqrt(len(gram))
    assert (np.abs(squared.mean(axis=0) - degrees * (1 + identity)) < 4.5 * error).all()


def test_degrees_may_differ_between_tasks():
    degrees = np.array([2, 6, 0])
    factor = wishart_factor(np.random.default_rng(3), n_replicates=N, dimension=4, degrees=degrees)
    assert factor.shape == (N, 3, 4, 4)
    gram = factor @ factor.mT
    assert np.linalg.matrix_rank(gram[:50]).tolist() == [[2, 4, 0]] * 50
    error = gram.std(axis=0, ddof=1) / np.sqrt(N)
    assert (np.abs(gram.mean(axis=0) - degrees[:, None, None] * np.eye(4)) <= 4.5 * error).all()


def test_no_degrees_leave_no_columns():
    factor = wishart_factor(np.random.default_rng(4), n_replicates=2, dimension=3, degrees=0)
    assert factor.shape == (2, 3, 0)


def test_chi_is_the_norm_of_normal_numbers_and_zero_without_degrees():
    draws = chi(np.random.default_rng(5), [0, 3], (N, 2), np.float64)
    assert not draws[:, 0].any()
    assert stats.kstest(draws[:, 1], stats.chi(3).cdf).pvalue > 1e-4


def test_forward_substitution_inverts():
    factor = wishart_factor(np.random.default_rng(6), n_replicates=30, dimension=8, degrees=20)
    assert np.allclose(inverse_lower(factor) @ factor, np.eye(8), atol=1e-12)
