"""The general engine: every special case, invariances, labelled simulation, edges."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import make_rotation
from mtl_simulators.metrics import excess_risk
from mtl_simulators.problems import Truth
from mtl_simulators.solvers import Ridge, WeightedPooling, solve
from mtl_theory.asymptotics import (
    asymptotic_risk,
    combined_shift_risk,
    covariate_shift_variance,
    pooled_bias_factor,
    pooled_variance_factor,
    single_task_risk,
    weighted_pair_risk,
)


def parts_of(truth, n_samples, target, **more):
    parts = asymptotic_risk(truth, n_samples=n_samples, target=target, **more)
    return float(parts.bias[0]), float(parts.variance[0])


def make_tasks(seed, n_tasks=3, p=40, condition=6.0):
    """Return tasks with rotated covariances and unequal noise."""
    rng = np.random.default_rng(seed)
    turns = make_rotation(rng, n_features=p, n_tasks=n_tasks)
    spectra = np.geomspace(1 / condition, condition, p) ** rng.uniform(0.3, 1.0, (n_tasks, 1))
    covariance = turns @ (spectra[..., None] * turns.mT)
    weights = rng.standard_normal((1, 1, p)) + 0.5 * rng.standard_normal((1, n_tasks, p))
    return Truth(
        weights=weights / np.sqrt(p),
        covariance=(covariance + covariance.mT) / 2,
        noise=rng.uniform(0.3, 1.0, n_tasks),
    )


@pytest.mark.parametrize("setting", [(80, 120, 1.0), (80, 120, 0.6), (30, 100, -1.2), (90, 20, 1.5)])
def test_isotropic_pairs(setting):
    n_1, n_2, a = setting
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((1, 2, 60))
    truth = Truth(weights=weights, covariance=np.eye(60), noise=np.full(2, 0.5))
    bias, variance = parts_of(truth, [n_1, n_2], 1, heads=[a, 1.0])
    sizes = {"n_source": n_1, "n_target": n_2, "n_features": 60}
    distance = ((weights[0, 0] - a * weights[0, 1]) ** 2).sum()
    assert bias == pytest.approx(distance * float(pooled_bias_factor(a, **sizes)), rel=1e-9)
    assert variance == pytest.approx(0.25 * float(pooled_variance_factor(a, **sizes)), rel=1e-9)


def test_common_covariance_enters_through_the_metric_alone():
    """Sigma_1 = Sigma_2: bias is |beta_1 - a beta_2|^2 in the Sigma metric times L2, variance without it."""
    rng = np.random.default_rng(1)
    turn = make_rotation(rng, n_features=50)
    covariance = (turn * np.geomspace(0.1, 10, 50)) @ turn.T
    covariance = (covariance + covariance.T) / 2
    weights = rng.standard_normal((1, 2, 50))
    truth = Truth(weights=weights, covariance=covariance, noise=np.full(2, 0.5))
    bias, variance = parts_of(truth, [70, 90], 1, heads=[0.7, 1.0])
    difference = weights[0, 0] - 0.7 * weights[0, 1]
    distance = difference @ covariance @ difference
    sizes = {"n_source": 70, "n_target": 90, "n_features": 50}
    assert bias == pytest.approx(distance * float(pooled_bias_factor(0.7, **sizes)), rel=1e-9)
    assert variance == pytest.approx(0.25 * float(pooled_variance_factor(0.7, **sizes)), rel=1e-9)


def test_weighted_pairs():
    rng = np.random.default_rng(2)
    weights = rng.standard_normal((1, 2, 30))
    truth = Truth(weights=weights, covariance=np.eye(30), noise=np.full(2, 0.7))
    distance = ((weights[0, 0] - weights[0, 1]) ** 2).sum()
    sizes = {"n_source": 100, "n_target": 50, "n_features": 30, "noise": 0.7}
    expected = weighted_pair_risk(0.2, **sizes, squared_distance=distance)
    bias, variance = parts_of(truth, [100, 50], 1, task_weights=[0.2, 1.0])
    assert bias == pytest.approx(float(expected.bias), rel=1e-9)
    assert variance == pytest.approx(float(expected.variance), rel=1e-9)


def test_covariate_shift_in_any_basis():
    rng = np.random.default_rng(3)
    truth = make_tasks(3, n_tasks=2, p=30)
    first, second = truth.covariance
    values, vectors = np.linalg.eigh(second)
    whitening = (vectors / np.sqrt(values)) @ vectors.T
    lam = np.sqrt(np.linalg.eigvalsh(whitening @ first @ whitening))
    same = Truth(
        weights=np.repeat(rng.standard_normal((1, 1, 30)), 2, axis=1),
        covariance=truth.covariance,
        noise=np.full(2, 0.5),
    )
    bias, variance = parts_of(same, [25, 40], 1)
    assert bias == pytest.approx(0.0, abs=1e-14)
    expected = covariate_shift_variance(lam, n_source=25, n_target=40, noise=0.5)
    assert variance == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize(("n_1", "mu"), [(200, 0.1), (1000, 0.27), (5000, 0.27), (50, 0.3)])
def test_combined_shift(n_1, mu):
    """Directions average over the axes, one replicate each."""
    p, spectrum = 20, np.repeat([16.0, 1 / 16], 10)
    weights = np.zeros((p, 2, p))
    weights[:, 0] = np.sqrt(2) * mu * np.eye(p)
    truth = Truth(weights=weights, covariance=np.stack([np.diag(spectrum), np.eye(p)]), noise=np.full(2, 0.5))
    counts = [n_1 * p / 100, 300 * p / 100]
    parts = asymptotic_risk(truth, n_samples=counts, target=1)
    expected = combined_shift_risk(
        spectrum, n_source=counts[0], n_target=counts[1], noise=0.5, squared_distance=2 * mu**2
    )
    assert parts.bias.mean() == pytest.approx(float(expected.bias), rel=1e-8)
    np.testing.assert_allclose(parts.variance, float(expected.variance), rtol=1e-8)


def test_one_task_is_least_squares_and_ridge():
    rng = np.random.default_rng(4)
    truth = Truth(weights=rng.standard_normal((1, 1, 40)), covariance=np.eye(40), noise=np.array([0.8]))
    bias, variance = parts_of(truth, 90, 0)
    assert bias == pytest.approx(0.0, abs=1e-12)
    assert variance == pytest.approx(float(single_task_risk(90, 40, 0.8)), rel=1e-9)
    # Ridge with isotropic inputs, from the Stieltjes transform m of the Marchenko-Pastur law.
    for n in (25, 90):
        lam, gamma = 12.0 / n, 40 / n
        m = (np.sqrt((1 - gamma + lam) ** 2 + 4 * gamma * lam) - (1 - gamma + lam)) / (2 * gamma * lam)
        step = 1e-6 * lam
        up, down = (
            (np.sqrt((1 - gamma + x) ** 2 + 4 * gamma * x) - (1 - gamma + x)) / (2 * gamma * x)
            for x in (lam + step, lam - step)
        )
        slope = (up - down) / (2 * step)
        bias, variance = parts_of(truth, n, 0, ridge=12.0)
        assert bias == pytest.approx(-(lam**2) * slope * (truth.weights**2).sum(), rel=1e-6)
        assert variance == pytest.approx(0.64 * gamma * (m + lam * slope), rel=1e-6)


def test_a_strong_ridge_predicts_zero():
    truth = make_tasks(5)
    bias, variance = parts_of(truth, 30, 2, ridge=1e9)
    own = truth.weights[0, 2]
    assert bias == pytest.approx(own @ truth.covariance[2] @ own, rel=1e-6)
    assert variance < 1e-9


def test_invariances():
    truth = make_tasks(6)
    counts, heads, weights = (
        np.array([50.0, 20.0, 60.0]),
        np.array([1.0, 0.8, -1.3]),
        np.array([1.0, 0.5, 2.0]),
    )
    setting = {"heads": heads, "task_weights": weights}
    base = parts_of(truth, counts, 0, **setting)

    # A rotation of all features.
    turn = make_rotation(np.random.default_rng(0), n_features=40)
    covariance = turn @ truth.covariance @ turn.T
    turned = Truth(
        weights=truth.weights @ turn.T, covariance=(covariance + covariance.mT) / 2, noise=truth.noise
    )
    np.testing.assert_allclose(parts_of(turned, counts, 0, **setting), base, rtol=1e-8)
    # One scale for all heads, or for all weights.
    np.testing.assert_allclose(
        parts_of(truth, counts, 0, heads=3 * heads, task_weights=weights), base, rtol=1e-8
    )
    np.testing.assert_allclose(
        parts_of(truth, counts, 0, heads=heads, task_weights=7 * weights), base, rtol=1e-8
    )
    # The order of the tasks.
    order = [2, 0, 1]
    shuffled = Truth(
        weights=truth.weights[:, order], covariance=truth.covariance[order], noise=truth.noise[order]
    )
    moved = parts_of(shuffled, counts[order], 1, heads=heads[order], task_weights=weights[order])
    np.testing.assert_allclose(moved, base, rtol=1e-9)
    # A task in two halves.
    halves = [0, 1, 2, 2]
    split = Truth(
        weights=truth.weights[:, halves], covariance=truth.covariance[halves], noise=truth.noise[halves]
    )
    parted = parts_of(split, [50, 20, 25, 35], 0, heads=heads[halves], task_weights=weights[halves])
    np.testing.assert_allclose(parted, base, rtol=1e-9)
    # A task without samples, without weight, or without head.
    pair = Truth(weights=truth.weights[:, :2], covariance=truth.covariance[:2], noise=truth.noise[:2])
    two = parts_of(pair, counts[:2], 0, heads=heads[:2], task_weights=weights[:2])
    off = {"n_samples": [50, 20, 0]}, {"task_weights": [1.0, 0.5, 0.0]}, {"heads": [1.0, 0.8, 0.0]}
    for change in off:
        call = {"n_samples": counts, "heads": heads, "task_weights": weights} | change
        parts = asymptotic_risk(truth, target=0, **call)
        np.testing.assert_allclose([float(parts.bias[0]), float(parts.variance[0])], two, rtol=1e-9)


def test_the_risk_is_linear_in_the_metric():
    truth = make_tasks(7)
    first, second = np.eye(40), np.diag(np.linspace(0, 3, 40))
    one, two, both = (
        np.array(parts_of(truth, 40, 1, metric=metric)) for metric in (first, second, first + 2 * second)
    )
    np.testing.assert_allclose(one + 2 * two, both, rtol=1e-9)


def test_many_samples_leave_the_population_bias():
    truth = make_tasks(8)
    counts = 1e7 * np.array([1.0, 2.0, 3.0])
    bias, variance = parts_of(truth, counts, 1)
    total = np.tensordot(counts, truth.covariance, axes=1)
    pooled = np.linalg.solve(total, np.einsum("t,tij,tj->i", counts, truth.covariance, truth.weights[0]))
    error = pooled - truth.weights[0, 1]
    assert bias == pytest.approx(error @ truth.covariance[1] @ error, rel=1e-5)
    assert variance < 1e-5


def test_replicates_of_the_truth():
    truth = make_tasks(9)
    many = Truth(
        weights=np.concatenate([truth.weights, 2 * truth.weights, 0 * truth.weights]),
        covariance=truth.covariance,
        noise=truth.noise,
    )
    parts = asymptotic_risk(many, n_samples=40, target=0)
    np.testing.assert_allclose(parts.bias, parts.bias[0] * np.array([1, 4, 0]), rtol=1e-10, atol=1e-15)
    np.testing.assert_array_equal(parts.variance, parts.variance[0])
    np.testing.assert_array_equal(parts.risk, parts.bias + parts.variance)


@pytest.mark.parametrize("target", [0, 1])
def test_against_labelled_data_of_three_tasks(target):
    """Weights, heads, unequal noise, one task with n < p: 600 replicates, 4.5 errors and 1/p of slack."""
    p = 60
    truth = make_tasks(10, p=p)
    counts, heads, weights = [90, 30, 120], np.array([1.0, 0.8, 1.3]), np.array([1.0, 0.5, 2.0])
    rng = np.random.default_rng(target)
    moments = draw_moments(rng, truth, n_samples=counts, n_replicates=600, shared_design=False)
    solver = WeightedPooling(task_weights=weights, heads=heads)
    risk = excess_risk(solve(moments, solver, rng=rng).weights, truth)[:, target]
    limit = sum(parts_of(truth, counts, target, heads=heads, task_weights=weights))
    # Relative finite-size terms are 1/p times one over the share of unused samples, 3/4 here.
    assert abs(risk.mean() - limit) <= 4.5 * risk.std(ddof=1) / np.sqrt(600) + 4 / 3 / p * limit


def test_ridge_against_labelled_data():
    truth = make_tasks(11, n_tasks=1, p=60)
    rng = np.random.default_rng(3)
    moments = draw_moments(rng, truth, n_samples=45, n_replicates=600, shared_design=False)
    probe = solve(moments, Ridge(penalty=1.0), rng=rng).weights
    # Which scale the solver's penalty has, read off its normal equations.
    gram, cross = moments.gram[0, 0], moments.cross[0, 0]
    strength = float(((cross - gram @ probe[0, 0]) @ probe[0, 0]) / (probe[0, 0] @ probe[0, 0]))
    risk = excess_risk(probe, truth)[:, 0]
    limit = sum(parts_of(truth, 45, 0, ridge=strength))
    assert abs(risk.mean() - limit) <= 4.5 * risk.std(ddof=1) / np.sqrt(600) + 2 / 60 * limit


def test_close_to_the_edge_of_feasibility():
    truth = make_tasks(12)
    # The variance diverges like 1/(N - p) above p, and like the root of 1/ridge at p.
    above = [parts_of(truth, [20, 10, 10 + gap], 0)[1] for gap in (1e-4, 1e-5)]
    assert above[1] / above[0] == pytest.approx(10, rel=1e-2)
    at_edge = [parts_of(truth, [20, 10, 10], 0, ridge=ridge)[1] for ridge in (1e-8, 1e-10)]
    assert at_edge[1] / at_edge[0] == pytest.approx(10, rel=1e-2)
    below = [parts_of(truth, [20, 10, 9.9], 0, ridge=ridge) for ridge in (1e-7, 1e-9)]
    np.testing.assert_allclose(*below, rtol=1e-2)


def test_wrong_calls_say_what_is_wrong():
    truth = make_tasks(13)
    with pytest.raises(ValueError, match="do not determine 40 features"):
        asymptotic_risk(truth, n_samples=[20, 10, 10], target=0)
    with pytest.raises(ValueError, match="do not determine 40 features"):
        asymptotic_risk(truth, n_samples=[30, 30, 90], target=0, task_weights=[1, 0, 0])
    with pytest.raises(ValueError, match="among the 3 tasks"):
        asymptotic_risk(truth, n_samples=90, target=3)
    with pytest.raises(ValueError, match="heads has shape"):
        asymptotic_risk(truth, n_samples=90, target=0, heads=[1.0, 2.0])
    with pytest.raises(ValueError, match="task_weights must be at least 0"):
        asymptotic_risk(truth, n_samples=90, target=0, task_weights=[1, -1, 1])
    with pytest.raises(ValueError, match="ridge must be at least 0"):
        asymptotic_risk(truth, n_samples=90, target=0, ridge=-1.0)
    with pytest.raises(ValueError, match="metric has shape"):
        asymptotic_risk(truth, n_samples=90, target=0, metric=np.eye(3))
    with pytest.raises(ValueError, match="not positive semidefinite"):
        asymptotic_risk(truth, n_samples=90, target=0, metric=-np.eye(40))
    # Enough samples, but all where the covariance sees half of the features.
    blind = Truth(weights=truth.weights, covariance=np.diag(np.repeat([1.0, 0.0], 20)), noise=truth.noise)
    with pytest.raises(RuntimeError, match="singular"):
        asymptotic_risk(blind, n_samples=90, target=0)
