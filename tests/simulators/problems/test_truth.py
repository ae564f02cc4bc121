"""Truth: shapes and messages at the edge, and population moments against the definition and large samples."""

import numpy as np
import pytest

from mtl_simulators import MinimumNorm, SingleTask, Truth, solve
from mtl_simulators.geometry import covariance_with_spectrum, make_rotation


def make_truth(*, shared=True, n_replicates=2):
    rng = np.random.default_rng(0)
    rotations = make_rotation(rng, n_features=3, n_tasks=4)
    covariances = covariance_with_spectrum([4.0, 1.0, 0.25], rotation=rotations)
    return Truth(
        weights=rng.standard_normal((n_replicates, 4, 3)),
        covariance=covariances[0] if shared else covariances,
        noise=np.array([0.0, 0.5, 1.0, 2.0]),
    )


def test_sizes_and_covariance_axes():
    shared, separate = make_truth(), make_truth(shared=False)
    assert (shared.n_replicates, shared.n_tasks, shared.n_features) == (2, 4, 3)
    assert shared.shares_covariance and not separate.shares_covariance
    assert np.array_equal(shared.covariance_per_task, np.stack([shared.covariance] * 4))
    assert np.array_equal(separate.covariance_per_task, separate.covariance)


@pytest.mark.parametrize("shared", [True, False])
def test_population_moments_are_the_definition(shared):
    truth = make_truth(shared=shared)
    moments = truth.population_moments()
    assert moments.shared_design is shared
    for b in range(2):
        for t in range(4):
            sigma, w = truth.covariance_per_task[t], truth.weights[b, t]
            assert np.array_equal(moments.gram_per_task[b, t], sigma)
            assert np.allclose(moments.cross[b, t], sigma @ w, rtol=1e-14)
            assert np.isclose(moments.energy[b, t], w @ sigma @ w + truth.noise[t] ** 2, rtol=1e-14)
    # The loss at the truth is the noise, and the excess over it is the quadratic form.
    assert np.allclose(moments.squared_error(truth.weights), truth.noise**2, atol=1e-13)
    off = truth.weights + 1.0
    excess = truth.covariance_per_task.sum(axis=(-1, -2))
    assert np.allclose(moments.squared_error(off), truth.noise**2 + excess, rtol=1e-12)


@pytest.mark.parametrize("shared", [True, False])
def test_population_moments_are_the_limit_of_samples(shared):
    # Statistical: 4.5 standard errors of the mean from the sample, 4 tasks x 13 numbers, error rate 4e-4.
    truth = make_truth(shared=shared, n_replicates=1)
    rng, n = np.random.default_rng(1), 20_000
    moments = truth.population_moments()
    for t in range(4):
        x = rng.multivariate_normal(np.zeros(3), truth.covariance_per_task[t], size=n, method="eigh")
        y = x @ truth.weights[0, t] + truth.noise[t] * rng.standard_normal(n)
        for draws, expected in (
            (x[:, :, None] * x[:, None], moments.gram_per_task[0, t]),
            (x * y[:, None], moments.cross[0, t]),
            (y**2, moments.energy[0, t]),
        ):
            stderr = draws.std(axis=0, ddof=1) / np.sqrt(n)
            assert (np.abs(draws.mean(axis=0) - expected) < 4.5 * stderr).all()


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("solver", [SingleTask(), MinimumNorm()])
def test_population_moments_give_back_the_truth(shared, solver):
    truth = make_truth(shared=shared)
    solution = solve(truth.population_moments(), solver, rng=np.random.default_rng(0))
    assert np.allclose(solution.weights, truth.weights, rtol=1e-12, atol=1e-13)


GOOD = {"weights": np.ones((1, 2, 3)), "covariance": np.eye(3), "noise": np.ones(2)}


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"weights": np.ones((2, 3))}, r"weights has shape \(2, 3\): expected 3 dimensions; reshape it"),
        ({"weights": np.full((1, 2, 3), np.nan)}, r"weights holds NaN or infinity, .* remove or impute"),
        ({"covariance": np.full((3, 3), np.inf)}, "covariance holds NaN or infinity"),
        ({"covariance": np.eye(4)}, r"covariance has shape \(4, 4\), but .* d = 3; pass matrices of shape"),
        ({"covariance": np.stack([np.eye(3)] * 3)}, "covariance has 3 matrices for T = 2 tasks; pass 1 or T"),
        ({"covariance": -np.eye(3)}, "not positive semidefinite .* clip its negative eigenvalues"),
        ({"covariance": np.triu(np.ones((3, 3)))}, r"not symmetric; pass \(A \+ A\.T\) / 2"),
        ({"noise": np.ones(3)}, r"noise has shape \(3,\), expected \(2,\): one value a task"),
        ({"noise": np.array([1.0, -0.5])}, "noise must not be negative, got a smallest value of -0.5"),
        ({"noise": np.array([1.0, np.nan])}, "noise holds NaN or infinity, first at index"),
    ],
)
def test_bad_truth_is_refused_with_the_remedy(bad, message):
    with pytest.raises(ValueError, match=message):
        Truth(**{**GOOD, **bad})
