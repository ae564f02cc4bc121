"""Reference values: how often a Gaussian task fails to help, explicit dimensions, thresholds."""

import numpy as np
import pytest
from scipy import stats

from mtl_theory.ledger.robustness import _gaussian
from mtl_theory.spectral import (
    crossover_variance,
    draw_gaussian_slopes,
    draw_step_failures,
    mean_square_norm,
    noise_slopes,
    probability_slope_decreases,
)

# k = 1, d = floor(T^3 / 10): P(the last step fails), from 200000 draws or more.
FAILURES = {6: 0.1247, 8: 0.0725, 10: 0.0439, 12: 0.0272, 16: 0.0110, 20: 0.0044, 24: 0.0018}
DRAWS_THERE = 200_000


def failures(n_tasks, n_features, n_draws=10_000, seed=90):
    draws = draw_step_failures(
        np.random.default_rng(seed), n_tasks=n_tasks, n_features=n_features, n_draws=n_draws
    )
    return draws.mean(), draws.std() / np.sqrt(n_draws)


@pytest.mark.parametrize(("n_tasks", "rate"), FAILURES.items())
def test_failure_rates_near_the_boundary(n_tasks, rate):
    mean, error = failures(n_tasks, n_tasks**3 // 10)
    assert abs(mean - rate) < 4.5 * np.hypot(error, np.sqrt(rate * (1 - rate) / DRAWS_THERE)) + 0.00005


def test_the_reference_rounded_dimensions_down():
    # At T = 6, d = 21.6: the reference is the rate at 21, and clearly not the one at 22.
    at_21, error_21 = failures(6, 21, 100_000)
    at_22, error_22 = failures(6, 22, 100_000)
    there = np.sqrt(0.1247 * 0.8753 / DRAWS_THERE)
    assert abs(at_21 - 0.1247) < 2 * np.hypot(error_21, there)
    assert abs(at_22 - 0.1247) > 4 * np.hypot(error_22, there)
    assert -np.log(0.1247) / np.sqrt(21) == pytest.approx(0.454, abs=0.0005)


def test_growth_of_the_exponent():
    sizes = np.array(list(FAILURES))
    exponent = -np.log([failures(t, t**3 // 10)[0] for t in sizes])
    per_task, per_root = exponent / sizes, exponent / np.sqrt(sizes**3 // 10)
    np.testing.assert_allclose(per_task[[0, -1]], [0.347, 0.263], atol=0.003)
    np.testing.assert_allclose(per_root[[0, -1]], [0.454, 0.170], atol=0.004)
    assert (np.diff(per_root) < 0).all()
    # Growth from T = 16 to 24 over growth from 6 to 8: halved per root of d, nearly the same per task.
    roots, first, last = np.sqrt(sizes**3 // 10), [0, 1], [4, 6]
    assert np.diff(exponent[last]) / np.diff(roots[last]) < 0.6 * np.diff(exponent[first]) / np.diff(
        roots[first]
    )
    assert np.diff(exponent[last]) / np.diff(sizes[last]) > 0.75 * np.diff(exponent[first]) / np.diff(
        sizes[first]
    )


@pytest.mark.parametrize(
    ("n_tasks", "n_features"), [(2, 2), (2, 9), (3, 3), (5, 5), (6, 21), (9, 50), (10, 250)]
)
def test_conditional_draws_have_the_mean_of_counts(n_tasks, n_features):
    counted = probability_slope_decreases(
        np.random.default_rng(91),
        n_tasks=n_tasks,
        n_features=n_features,
        capacity=1,
        n_draws=40_000,
        first=n_tasks - 1,
    )
    mean, error = failures(n_tasks, n_features, 20_000)
    assert abs(1 - counted.probability - mean) < 4.5 * np.hypot(counted.standard_error, error)
    # The point of conditioning: fewer draws, smaller error.
    assert error < counted.standard_error


def test_conditional_draws_against_plain_task_vectors():
    rng = np.random.default_rng(92)
    slopes = noise_slopes(rng.standard_normal((20_000, 4, 6)) / np.sqrt(6), 1)
    seen = (slopes[:, 3] >= slopes[:, 2]).mean()
    mean, error = failures(4, 6, 20_000)
    assert abs(seen - mean) < 4.5 * np.hypot(error, np.sqrt(seen * (1 - seen) / 20_000))


def test_two_tasks_fail_at_a_rate_known_in_closed_form():
    # A failure is lambda_max(G) >= 2a for G = [[a, c], [c, b]], so det(G - 2a) <= 0: 2a <= b + c^2 / a. With
    # u = c^2 / a along the first task and v = b - u across it, a <= u + v / 2. At d = 2 (unit variances) a is
    # exponential with mean 2, u and v are chi squares of one degree: 1 - E exp(-(u + v / 2) / 2).
    exact = 1 - (1 + 1) ** -0.5 * (1 + 1 / 2) ** -0.5
    mean, error = failures(2, 2, 100_000)
    assert abs(exact - mean) < 4.5 * error < 0.01


@pytest.mark.parametrize(("n_tasks", "dimension"), [(5, 1436), (10, 13_671), (20, 118_541)])
def test_explicit_dimensions(n_tasks, dimension):
    assert _gaussian._smallest_dimension(n_tasks) == dimension
    # From there on the intervals of width (sqrt(t) + u) / sqrt(d) leave room for some u > 0.
    ratio = np.sqrt(n_tasks / (n_tasks - 1))
    rooms = [
        np.sqrt(d) * (ratio - 1) - np.sqrt(n_tasks) - ratio * np.sqrt(n_tasks - 1)
        for d in (dimension - 1, dimension)
    ]
    assert rooms[0] < 0 <= rooms[1]


@pytest.mark.parametrize(("n_tasks", "printed"), [(5, 1447), (10, 13_722), (20, 119_245)])
def test_printed_dimensions_are_the_first_success_of_a_search_in_steps_of_one_per_cent(n_tasks, printed):
    n_features, smallest = n_tasks, _gaussian._smallest_dimension(n_tasks)
    while n_features < smallest:
        n_features = int(1.01 * n_features) + 1
    assert n_features == printed
    assert printed / n_tasks**3 == pytest.approx({5: 11.6, 10: 13.7, 20: 14.9}[n_tasks], abs=0.05)


def test_dimensions_grow_as_sixteen_cubes():
    assert _gaussian._smallest_dimension(1000) / 1000**3 == pytest.approx(16, rel=0.01)


def test_thresholds_of_gaussian_tasks():
    # d = 1000, T = 10, k = 4: means .999-1.009 over t, standard deviations .056-.115, largest of 500: 1.43.
    rng = np.random.default_rng(94)
    thresholds = []
    for _ in range(20):
        tasks = rng.standard_normal((100, 10, 1000)) / np.sqrt(1000)
        slopes = noise_slopes(tasks, 4)[:, 3:]
        nus = np.stack([mean_square_norm(tasks[:, :t]) for t in range(4, 11)], axis=-1)
        thresholds.append(crossover_variance(nus[:, :-1], slopes[:, :-1], nus[:, 1:], slopes[:, 1:]))
    thresholds = np.concatenate(thresholds)
    mean, spread = thresholds.mean(axis=0), thresholds.std(axis=0)
    error = 4.5 * spread * np.sqrt(1 / 500 + 1 / 2000)
    assert (mean > 0.999 - error).all() and (mean < 1.009 + error).all()
    relative = 4.5 * np.sqrt(1 / 1000 + 1 / 4000)
    np.testing.assert_allclose([spread.min(), spread.max()], [0.056, 0.115], rtol=relative)
    # The largest of 500 is below 1.43 with a probability that is neither tiny nor almost one.
    below = stats.norm.cdf((1.43 - mean) / spread).prod() ** 500
    assert 1e-3 < below < 1 - 1e-3


def test_slopes_read_off_a_figure_are_those_of_random_unit_vectors():
    # CIFAR10, T = 5..9 over T = 4, against unit vectors in 784 dimensions: within .02, and within .016.
    figure = [0.834, 0.690, 0.622, 0.542, 0.481]
    slopes = draw_gaussian_slopes(
        np.random.default_rng(95), n_tasks=9, n_features=784, capacity=4, n_draws=4000, unit_norm=True
    )
    gap = np.abs(slopes[:, 1:].mean(axis=0) - figure)
    assert gap.max() < 0.017
