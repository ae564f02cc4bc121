"""Metrics against Monte-Carlo expectations, direct residuals and exact geometry."""

import numpy as np
import pytest
from scipy import stats

from mtl_simulators import (
    Dataset,
    MinimumNorm,
    SharedRepresentation,
    SingleTask,
    Truth,
    estimate_mean,
    excess_risk,
    head_energy,
    make_linear,
    sin_theta,
    solve,
    test_error,
    transfer_gain,
)
from mtl_simulators.geometry import (
    covariance_with_spectrum,
    make_rotation,
    make_subspace,
    make_subspace_at_angles,
)
from mtl_simulators.problems import draw_dataset
from mtl_simulators.solvers import balanced


def make_truth(*, shared, n_replicates=2):
    rng = np.random.default_rng(0)
    covariances = covariance_with_spectrum(
        [4.0, 1.0, 0.25], rotation=make_rotation(rng, n_features=3, n_tasks=4)
    )
    return Truth(
        weights=rng.standard_normal((n_replicates, 4, 3)),
        covariance=covariances[0] if shared else covariances,
        noise=np.array([0.0, 0.5, 1.0, 2.0]),
    )


@pytest.mark.parametrize("shared", [True, False])
def test_excess_risk_is_the_expected_squared_difference_of_predictions(shared):
    # Statistical: 8 means at 4.5 standard errors from the sample, error rate 6e-5.
    truth = make_truth(shared=shared)
    rng = np.random.default_rng(1)
    estimate = truth.weights + rng.standard_normal(truth.weights.shape)
    risk = excess_risk(estimate, truth)
    assert risk.shape == (2, 4)
    for b, t in np.ndindex(2, 4):
        x = rng.multivariate_normal(np.zeros(3), truth.covariance_per_task[t], size=20_000, method="eigh")
        draws = (x @ (estimate[b, t] - truth.weights[b, t])) ** 2
        assert abs(draws.mean() - risk[b, t]) < 4.5 * draws.std(ddof=1) / np.sqrt(len(draws))


@pytest.mark.parametrize("shared", [True, False])
def test_excess_risk_is_the_population_error_above_the_noise(shared):
    truth = make_truth(shared=shared)
    estimate = np.random.default_rng(2).standard_normal(truth.weights.shape)
    error = test_error(estimate, truth.population_moments())
    assert np.allclose(excess_risk(estimate, truth), error - truth.noise**2, rtol=1e-11)
    assert not excess_risk(truth.weights, truth).any()


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("leading", [(), (1,), (2,), (7, 2), (5, 7, 1)])
def test_leading_axes_of_draws_broadcast(shared, leading):
    truth = make_truth(shared=shared)
    estimate = np.random.default_rng(3).standard_normal((*leading, 4, 3))
    risk = excess_risk(estimate, truth)
    full = np.broadcast_to(estimate, np.broadcast_shapes(estimate.shape, (2, 4, 3)))
    assert risk.shape == full.shape[:-1]
    for index in np.ndindex(*risk.shape):
        difference = full[index] - truth.weights[index[-2], index[-1]]
        expected = difference @ truth.covariance_per_task[index[-1]] @ difference
        assert np.isclose(risk[index], expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 1, 3), (2, 4, 1), (3,)])
def test_weights_that_are_not_tasks_by_features_are_refused(shape):
    with pytest.raises(ValueError, match=r"do not end in \(T, d\) = \(4, 3\); rows are tasks: transpose"):
        excess_risk(np.ones(shape), make_truth(shared=True))


def test_excess_risk_of_failed_replicates_is_nan_and_of_the_others_is_not():
    problem = make_linear(
        np.random.default_rng(4), rank=1, n_tasks=2, n_features=3, n_samples=9, n_replicates=2
    )
    inputs = problem.train.inputs.copy()
    inputs[1, ..., 2] = 0.0
    failed = solve(
        Dataset(inputs=inputs, targets=problem.train.targets),
        SingleTask(),
        rng=np.random.default_rng(0),
        throw=False,
    )
    risk = excess_risk(failed.weights, problem.truth)
    assert np.isfinite(risk[0]).all() and np.isnan(risk[1]).all()
    with pytest.raises(ValueError, match="draws holds NaN"):
        estimate_mean(risk)


@pytest.mark.parametrize("shared", [True, False])
def test_test_error_is_the_mean_squared_residual(shared):
    truth = make_truth(shared=shared)
    data = draw_dataset(np.random.default_rng(5), truth, n_samples=30, shared_design=shared)
    estimate = np.random.default_rng(6).standard_normal(truth.weights.shape)
    for b, t in np.ndindex(2, 4):
        x = data.inputs[b] if shared else data.inputs[b, t]
        expected = np.mean((x @ estimate[b, t] - data.targets[b, t]) ** 2)
        assert np.isclose(test_error(estimate, data)[b, t], expected, rtol=1e-12)
        assert np.isclose(test_error(estimate, data.moments())[b, t], expected, rtol=1e-11)


def test_test_error_of_unequal_counts_averages_what_each_task_has():
    truth = make_truth(shared=False, n_replicates=1)
    counts = [5, 30, 12, 1]
    data = draw_dataset(np.random.default_rng(7), truth, n_samples=counts, shared_design=False)
    estimate = np.random.default_rng(8).standard_normal((1, 4, 3))
    for t, n in enumerate(counts):
        residual = data.inputs[0, t, :n] @ estimate[0, t] - data.targets[0, t, :n]
        assert np.isclose(test_error(estimate, data)[0, t], residual @ residual / n, rtol=1e-12)


def test_expected_test_error_is_excess_risk_plus_noise():
    # Statistical: 8 means over 20,000 samples, 4.5 standard errors from the sample.
    truth = make_truth(shared=False)
    data = draw_dataset(np.random.default_rng(9), truth, n_samples=20_000, shared_design=False)
    estimate = np.random.default_rng(10).standard_normal(truth.weights.shape)
    expected = excess_risk(estimate, truth) + truth.noise**2
    for b, t in np.ndindex(2, 4):
        squares = (data.inputs[b, t] @ estimate[b, t] - data.targets[b, t]) ** 2
        stderr = squares.std(ddof=1) / np.sqrt(len(squares))
        assert abs(test_error(estimate, data)[b, t] - expected[b, t]) < 4.5 * stderr


def test_one_test_set_serves_every_replicate():
    truth = make_truth(shared=True, n_replicates=1)
    estimate = np.random.default_rng(11).standard_normal((6, 4, 3))
    for shared in (True, False):
        data = draw_dataset(np.random.default_rng(12), truth, n_samples=9, shared_design=shared)
        for form in (data, data.moments()):
            whole = test_error(estimate, form)
            assert whole.shape == (6, 4)
            single = np.stack([test_error(e[None], form)[0] for e in estimate])
            assert np.allclose(whole, single, rtol=1e-11)


def test_gain_is_positive_where_sharing_helps():
    alone, together = np.array([2.0, 1.0]), np.array([0.5, 3.0])
    assert transfer_gain(alone, together).tolist() == [1.5, -2.0]


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.3, np.pi / 2 - 1e-9, np.pi / 2])
def test_sin_theta_is_the_sine_of_the_largest_angle_asked_for(angle):
    rng = np.random.default_rng(13)
    basis = make_subspace(rng, n_features=9, dimension=3, n_replicates=4)
    other = make_subspace_at_angles(rng, basis=basis, angles=[angle, angle / 2, 0.0])
    assert np.abs(sin_theta(basis, other) - np.sin(angle)).max() < 1e-14
    # The measure sees spans, not the rows that span them.
    mixed = rng.standard_normal((4, 3, 3)) @ other
    assert np.abs(sin_theta(mixed, basis) - np.sin(angle)).max() < 1e-12


def test_sin_theta_is_the_norm_of_the_difference_of_projections():
    rng = np.random.default_rng(14)
    first, second = (make_subspace(rng, n_features=7, dimension=3, n_replicates=20) for _ in range(2))
    gap = np.linalg.norm(first.mT @ first - second.mT @ second, ord=2, axis=(1, 2))
    assert np.allclose(sin_theta(first, second), gap, atol=1e-14)
    contained = sin_theta(first[:, :1], first)
    assert contained.shape == (20,) and np.abs(contained).max() < 1e-14


def shared_solution(factorization=None):
    truth = make_truth(shared=True, n_replicates=1)
    population = Truth(weights=truth.weights, covariance=np.eye(3) / 3, noise=np.zeros(4))
    solver = SharedRepresentation(capacity=2)
    if factorization is not None:
        solver = SharedRepresentation(capacity=2, factorization=factorization)
    return population, solve(population.population_moments(), solver, rng=np.random.default_rng(0))


def test_head_energy_is_the_slope_of_the_error_in_the_noise_on_the_map():
    # Inputs with E|x|^2 = 1. Statistical: a mean of 20,000 draws, 4.5 standard errors from the sample.
    for factorization in (None, balanced):
        truth, solution = shared_solution(factorization)
        rng, variance = np.random.default_rng(15), 0.3
        noise = np.sqrt(variance) * rng.standard_normal((20_000, 1, *solution.representation.shape[1:]))
        noisy = solution.heads @ (solution.representation + noise)
        errors = excess_risk(noisy, truth).mean(axis=(-1, -2))
        growth = (errors - excess_risk(solution.weights, truth).mean()) / variance
        estimate = estimate_mean(growth)
        assert abs(estimate.mean - head_energy(solution)[0]) < 4.5 * estimate.stderr


def test_head_energy_of_single_tasks_is_their_mean_squared_norm():
    truth = make_truth(shared=True)
    solution = solve(truth.population_moments(), MinimumNorm(), rng=np.random.default_rng(0))
    assert np.allclose(head_energy(solution), (truth.weights**2).sum(axis=(1, 2)) / 4, rtol=1e-12)


@pytest.mark.parametrize("shape", [(40,), (40, 3), (40, 3, 2)])
def test_estimates_are_the_mean_and_its_standard_error(shape):
    draws = np.random.default_rng(16).standard_normal(shape)
    estimate = estimate_mean(draws)
    assert estimate.n_draws == 40
    assert np.allclose(estimate.mean, draws.mean(axis=0), rtol=1e-14)
    assert np.allclose(estimate.stderr, stats.sem(draws, axis=0), rtol=1e-12)
    assert estimate.mean.shape == estimate.stderr.shape == shape[1:]


def test_standard_errors_cover_the_mean_at_their_rate():
    # Student's t with 9 degrees of freedom, 5000 times: a KS test at 1e-4.
    draws = np.random.default_rng(17).standard_normal((10, 5000))
    estimate = estimate_mean(draws)
    assert stats.kstest(estimate.mean / estimate.stderr, stats.t(9).cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    "draws, message",
    [
        (np.ones(1), "a standard error needs at least 2 draws; ask for more"),
        (np.ones((0, 3)), "a standard error needs at least 2 draws"),
        (np.float64(1.0), r"draws has shape \(\): expected 1 or 2"),
        (np.array([1.0, np.nan]), r"draws holds NaN or infinity, first at index \(1,\); remove"),
    ],
)
def test_draws_without_an_error_are_refused(draws, message):
    with pytest.raises(ValueError, match=message):
        estimate_mean(draws)
