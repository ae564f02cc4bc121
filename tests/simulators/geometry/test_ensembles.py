"""Random task ensembles: exact promises to 1e-10, laws by KS tests at 1e-4 and moments at 4.5 errors."""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators.geometry import (
    make_gaussian_tasks,
    make_low_rank_tasks,
    make_orthonormal_tasks,
    make_tasks_with_spectrum,
    principal_angles,
)


def test_gaussian_tasks_have_independent_entries_of_variance_one_over_d():
    w = make_gaussian_tasks(np.random.default_rng(0), n_tasks=4, n_features=25, n_replicates=200)
    assert w.shape == (200, 4, 25)
    assert stats.kstest(w.ravel() * 5.0, "norm").pvalue > 1e-4
    # Squared lengths times d are chi-square only if the entries of a task are independent.
    assert stats.kstest((w**2).sum(axis=-1).ravel() * 25, stats.chi2(25).cdf).pvalue > 1e-4


@pytest.mark.parametrize("n_tasks, n_features", [(1, 1), (3, 3), (4, 50)])
def test_orthonormal_tasks_are_orthonormal(n_tasks, n_features):
    w = make_orthonormal_tasks(
        np.random.default_rng(1), n_tasks=n_tasks, n_features=n_features, n_replicates=5
    )
    assert np.abs(w @ w.mT - np.eye(n_tasks)).max() < 1e-13


@pytest.mark.parametrize("n_tasks, n_features, rank", [(8, 20, 3), (20, 6, 6), (5, 9, 5), (4, 4, 1)])
def test_low_rank_tasks_have_the_rank_asked_for(n_tasks, n_features, rank):
    w = make_low_rank_tasks(
        np.random.default_rng(2), n_tasks=n_tasks, n_features=n_features, rank=rank, n_replicates=50
    )
    assert w.shape == (50, n_tasks, n_features)
    assert (np.linalg.matrix_rank(w) == rank).all()


def test_low_rank_heads_are_standard_normal_and_the_basis_orthonormal():
    # |w_t|^2 = |a_t|^2 for an orthonormal basis, so it is chi-square with r degrees of freedom.
    w = make_low_rank_tasks(np.random.default_rng(3), n_tasks=4, n_features=10, rank=3, n_replicates=3000)
    assert stats.kstest((w[:, 0] ** 2).sum(axis=-1), stats.chi2(3).cdf).pvalue > 1e-4
    # Coordinates of w_1 along w_0 are standard normal: heads of different tasks are independent.
    unit = w[:, 0] / np.linalg.norm(w[:, 0], axis=-1, keepdims=True)
    assert stats.kstest((unit * w[:, 1]).sum(axis=-1), "norm").pvalue > 1e-4


def test_residual_adds_gaussian_noise_to_the_same_low_rank_tasks():
    sizes = {"n_tasks": 5, "n_features": 16, "rank": 2, "n_replicates": 100}
    clean = make_low_rank_tasks(np.random.default_rng(4), **sizes)
    noise = make_low_rank_tasks(np.random.default_rng(4), **sizes, residual=0.5) - clean
    assert stats.kstest(noise.ravel() / 0.5 * 4.0, "norm").pvalue > 1e-4
    twice = make_low_rank_tasks(np.random.default_rng(4), **sizes, residual=1.0) - clean
    assert np.abs(twice - 2 * noise).max() < 1e-13


def test_subspaces_of_low_rank_tasks_are_uniform():
    # A fixed line makes the squared cosine Beta(r/2, (d-r)/2) with a uniform r-dimensional subspace.
    w = make_low_rank_tasks(np.random.default_rng(5), n_tasks=2, n_features=7, rank=2, n_replicates=3000)
    angles = principal_angles(w, np.eye(1, 7))[:, 0]
    assert stats.kstest(np.cos(angles) ** 2, stats.beta(1.0, 2.5).cdf).pvalue > 1e-4


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (4, 4)])
@pytest.mark.parametrize("spectrum", [[3.0, 2.0, 1.0, 0.5], [5.0], [1e-6, 1e6], [2.0, 2.0, 2.0], [1.0, 0.0]])
def test_singular_values_are_the_ones_asked_for(shape, spectrum):
    n_tasks, n_features = shape
    w = make_tasks_with_spectrum(
        np.random.default_rng(6), spectrum=spectrum, n_tasks=n_tasks, n_features=n_features, n_replicates=3
    )
    expected = np.zeros(4)
    expected[: len(spectrum)] = np.sort(spectrum)[::-1]
    measured = np.linalg.svd(w, compute_uv=False)
    assert measured.shape == (3, 4)
    assert np.abs(measured - expected).max() < 1e-14 * len(expected) * max(spectrum)


def test_singular_vectors_are_uniform_on_both_sides():
    w = make_tasks_with_spectrum(
        np.random.default_rng(7), spectrum=[1.0], n_tasks=4, n_features=6, n_replicates=3000
    )
    right = w[:, 0] / np.linalg.norm(w[:, 0], axis=-1, keepdims=True)
    left = w[:, :, 0] / np.linalg.norm(w[:, :, 0], axis=-1, keepdims=True)
    assert stats.kstest(right[:, 2], stats.beta(2.5, 2.5, loc=-1, scale=2).cdf).pvalue > 1e-4
    assert stats.kstest(left[:, 1], stats.beta(1.5, 1.5, loc=-1, scale=2).cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    "make, arguments, message",
    [
        (make_gaussian_tasks, {"n_tasks": 0}, "n_tasks must be an integer of at least 1, got 0"),
        (make_gaussian_tasks, {"n_features": 2.0}, "n_features must be an integer of at least 1, got 2.0"),
        (
            make_orthonormal_tasks,
            {"n_tasks": 6},
            "n_tasks=6 .* n_features=5 .* at most 5 tasks or at least 6",
        ),
        (make_low_rank_tasks, {"rank": 4}, "rank=4 is infeasible for 3 tasks in 5 features: .* at most 3"),
        (make_low_rank_tasks, {"rank": 0}, "rank must be an integer of at least 1, got 0"),
        (make_low_rank_tasks, {"rank": 1, "residual": -0.1}, r"residual must lie in \[0, inf\], got -0.1"),
        (make_low_rank_tasks, {"rank": 1, "residual": np.nan}, r"residual must lie in \[0, inf\], got nan"),
        (
            make_tasks_with_spectrum,
            {"spectrum": [1.0] * 4},
            "spectrum has 4 singular values, but 3 tasks in 5",
        ),
        (make_tasks_with_spectrum, {"spectrum": []}, "spectrum has 0 singular values, .* 1 to 3"),
        (make_tasks_with_spectrum, {"spectrum": [1.0, -2.0]}, "spectrum holds -2: .* pass np.abs"),
        (make_tasks_with_spectrum, {"spectrum": [np.inf]}, "spectrum holds NaN or infinity, first at index"),
        (make_tasks_with_spectrum, {"spectrum": [[1.0]]}, r"spectrum has shape \(1, 1\): expected 1 dim"),
    ],
)
def test_bad_requests_say_what_is_feasible(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(np.random.default_rng(0), **{"n_tasks": 3, "n_features": 5, **arguments})
