"""Separate, ridge and pooled least squares against numpy and scikit-learn, and the normal equations."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import Ridge as SklearnRidge

from mtl_simulators import Dataset, MinimumNorm, Outcome, Pooled, Ridge, SingleTask, solve

RNG = np.random.default_rng(0)  # deterministic solvers do not draw from it


def draw(*, shared, n, d=6, n_tasks=4, n_replicates=3, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    shape = (n_replicates, n, d) if shared else (n_replicates, n_tasks, n, d)
    targets = rng.standard_normal((n_replicates, n_tasks, n))
    return Dataset(inputs=rng.standard_normal(shape).astype(dtype), targets=targets.astype(dtype))


def tasks(data):
    """Every (replicate, task, inputs, targets) of a data set, padding removed."""
    for b in range(data.n_replicates):
        for t, n in enumerate(data.counts):
            x = data.inputs[b] if data.shared_design else data.inputs[b, t]
            yield b, t, x[:n], data.targets[b, t, :n]


def routes(data):
    return {"samples": data, "moments": data.moments()}.items()


def ragged(seed=1):
    """One replicate of tasks with 9, 6, 30 and 14 samples of 6 features."""
    rng = np.random.default_rng(seed)
    counts = [9, 6, 30, 14]
    return Dataset.from_tasks(
        [rng.standard_normal((n, 6)) for n in counts], [rng.standard_normal(n) for n in counts]
    )


@pytest.mark.parametrize("data", [draw(shared=True, n=20), draw(shared=False, n=20), ragged()])
def test_single_task_is_least_squares_of_every_task(data):
    for route, form in routes(data):
        weights = solve(form, SingleTask(), rng=RNG).weights
        for b, t, x, y in tasks(data):
            # The square design of 6 samples has condition number 30: squared by the route over moments.
            assert np.allclose(weights[b, t], np.linalg.lstsq(x, y)[0], rtol=1e-9), route
            sklearn = LinearRegression(fit_intercept=False).fit(x, y).coef_
            assert np.allclose(weights[b, t], sklearn, rtol=1e-9), route
            # Normal equations: residuals are orthogonal to the inputs.
            assert np.abs(x.T @ (x @ weights[b, t] - y)).max() < 1e-11


@pytest.mark.parametrize("n", [4, 6, 20])
@pytest.mark.parametrize("shared", [True, False])
def test_minimum_norm_is_the_pseudo_inverse(shared, n):
    data = draw(shared=shared, n=n)
    for route, form in routes(data):
        solution = solve(form, MinimumNorm(), rng=RNG)
        assert solution.outcomes == (Outcome.SUCCESS,) * 3
        for b, t, x, y in tasks(data):
            assert np.allclose(solution.weights[b, t], np.linalg.pinv(x) @ y, rtol=1e-7, atol=1e-9), route


def test_minimum_norm_of_ragged_tasks_with_fewer_samples_than_features():
    rng = np.random.default_rng(2)
    counts = [3, 9, 5]
    data = Dataset.from_tasks(
        [rng.standard_normal((n, 7)) for n in counts], [rng.standard_normal(n) for n in counts]
    )
    for route, form in routes(data):
        weights = solve(form, MinimumNorm(), rng=RNG).weights
        for b, t, x, y in tasks(data):
            assert np.allclose(weights[b, t], np.linalg.pinv(x) @ y, rtol=1e-8, atol=1e-10), route


@pytest.mark.parametrize("penalty", [1e-3, 0.7, 50.0, [0.01, 0.1, 1.0, 10.0]])
@pytest.mark.parametrize("data", [draw(shared=True, n=20), draw(shared=False, n=4), ragged()])
def test_ridge_is_that_of_scikit_learn(data, penalty):
    for route, form in routes(data):
        weights = solve(form, Ridge(penalty=penalty), rng=RNG).weights
        for b, t, x, y in tasks(data):
            alpha = penalty if np.isscalar(penalty) else penalty[t]
            sklearn = SklearnRidge(alpha=alpha, fit_intercept=False, solver="svd").fit(x, y).coef_
            assert np.allclose(weights[b, t], sklearn, rtol=1e-9, atol=1e-11), route
            gradient = x.T @ (x @ weights[b, t] - y) + alpha * weights[b, t]
            assert np.abs(gradient).max() < 1e-11


def test_ridge_joins_least_squares_and_zero():
    data = draw(shared=True, n=20)
    least_squares = solve(data, SingleTask(), rng=RNG).weights
    small, large = (solve(data, Ridge(penalty=p), rng=RNG).weights for p in (1e-10, 1e10))
    assert np.allclose(small, least_squares, rtol=1e-9)
    assert np.abs(large).max() < 1e-8
    under = draw(shared=True, n=4)
    minimum_norm = solve(under, MinimumNorm(), rng=RNG).weights
    assert np.allclose(solve(under, Ridge(penalty=1e-10), rng=RNG).weights, minimum_norm, rtol=1e-8)


@pytest.mark.parametrize("data", [draw(shared=True, n=20), draw(shared=False, n=5), ragged()])
def test_pooled_is_least_squares_of_the_concatenation(data):
    for route, form in routes(data):
        solution = solve(form, Pooled(), rng=RNG)
        assert solution.representation.shape == (data.n_replicates, 1, 6)
        for b in range(data.n_replicates):
            rows = [(x, y) for replicate, _, x, y in tasks(data) if replicate == b]
            x, y = np.concatenate([x for x, _ in rows]), np.concatenate([y for _, y in rows])
            expected = np.broadcast_to(np.linalg.lstsq(x, y)[0], (4, 6))
            assert np.allclose(solution.weights[b], expected, rtol=1e-9), route


def test_one_task_pooled_is_that_task():
    data = draw(shared=False, n=9, n_tasks=1)
    alone, pooled = (solve(data, solver, rng=RNG).weights for solver in (SingleTask(), Pooled()))
    assert np.allclose(alone, pooled, rtol=1e-12)


@pytest.mark.parametrize("shared", [True, False])
def test_one_feature_is_a_ratio_of_sums(shared):
    data = draw(shared=shared, n=5, d=1)
    for route, form in routes(data):
        weights = solve(form, SingleTask(), rng=RNG).weights
        for b, t, x, y in tasks(data):
            assert np.isclose(weights[b, t, 0], x[:, 0] @ y / (x[:, 0] @ x[:, 0]), rtol=1e-12), route


@pytest.mark.parametrize("solver", [SingleTask(), MinimumNorm(), Ridge(penalty=0.3), Pooled()])
@pytest.mark.parametrize("shared", [True, False])
def test_single_precision_stays_single_and_close(solver, shared):
    single, double = (draw(shared=shared, n=30, dtype=dtype) for dtype in (np.float32, np.float64))
    for (route, low), (_, high) in zip(routes(single), routes(double), strict=True):
        weights = solve(low, solver, rng=RNG).weights
        assert weights.dtype == np.float32, route
        # 30 x 6 Gaussian designs have condition numbers below 5: 25 u is 3e-6, times sums of 30 terms.
        assert np.abs(weights - solve(high, solver, rng=RNG).weights).max() < 5e-5, route


def collinear():
    """Three replicates, the middle one with two equal columns in every task."""
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((3, 2, 12, 4))
    inputs[1, ..., 3] = inputs[1, ..., 2]
    return Dataset(inputs=inputs, targets=rng.standard_normal((3, 2, 12)))


@pytest.mark.parametrize("solver", [SingleTask(), Pooled()])
def test_only_the_deficient_replicate_fails(solver):
    data = collinear()
    sound = Dataset(inputs=data.inputs[[0, 2]], targets=data.targets[[0, 2]])
    for (route, form), (_, whole) in zip(routes(data), routes(sound), strict=True):
        solution = solve(form, solver, rng=RNG, throw=False)
        assert solution.outcomes == (Outcome.SUCCESS, Outcome.RANK_DEFICIENT, Outcome.SUCCESS), route
        assert np.isnan(solution.weights[1]).all() and np.isnan(solution.representation[1]).all()
        assert np.array_equal(solution.weights[[0, 2]], solve(whole, solver, rng=RNG).weights), route
    assert solve(data, MinimumNorm(), rng=RNG).usable and solve(data, Ridge(penalty=1e-3), rng=RNG).usable


def test_one_deficient_task_makes_its_replicate_deficient():
    data = collinear()
    inputs = data.inputs.copy()
    inputs[1, 0] = inputs[0, 0]
    mixed = Dataset(inputs=inputs, targets=data.targets)
    outcomes = solve(mixed, SingleTask(), rng=RNG, throw=False).outcomes
    assert outcomes == (Outcome.SUCCESS, Outcome.RANK_DEFICIENT, Outcome.SUCCESS)
    # The union has the other task's rows, which determine every direction.
    assert solve(mixed, Pooled(), rng=RNG).usable


def test_inputs_that_are_all_zero():
    data = Dataset(inputs=np.zeros((1, 2, 5, 3)), targets=np.ones((1, 2, 5)))
    for route, form in routes(data):
        assert not solve(form, MinimumNorm(), rng=RNG).weights.any(), route
        assert not solve(form, Ridge(penalty=1.0), rng=RNG).weights.any(), route
        outcome = solve(form, SingleTask(), rng=RNG, throw=False).outcomes
        assert outcome == (Outcome.RANK_DEFICIENT,), route


@pytest.mark.parametrize("penalty", [0.0, -1.0, np.nan, np.inf, [1.0, 0.0]])
def test_bad_penalties_are_refused_with_the_remedy(penalty):
    with pytest.raises(
        ValueError, match=r"penalty must be positive and finite, got .*; for 0 use SingleTask"
    ):
        Ridge(penalty=penalty)


@pytest.mark.parametrize("penalty", [[1.0, 2.0], [[1.0, 2.0, 3.0, 4.0]]])
def test_penalties_of_another_shape_are_refused_with_the_remedy(penalty):
    for _, form in routes(draw(shared=True, n=20)):
        with pytest.raises(ValueError, match="for 4 tasks; pass one number, or one a task"):
            solve(form, Ridge(penalty=penalty), rng=RNG)
