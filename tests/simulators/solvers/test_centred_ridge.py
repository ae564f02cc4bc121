"""Ridge towards a shared solution: optimality, limits, and early stopping as the other route."""

import numpy as np
import pytest

from mtl_simulators import excess_risk
from mtl_simulators.exact import draw_moments
from mtl_simulators.problems import Truth, make_linear
from mtl_simulators.solvers import (
    CentredRidge,
    CovarianceAlignment,
    MinimumNorm,
    Outcome,
    Pooled,
    ReluNetwork,
    Ridge,
    SingleTask,
    TwoTaskGlobal,
    alignment_path,
    solve,
)


def data(n_samples=(30, 12)):
    return make_linear(
        np.random.default_rng(0),
        alignment=0.6,
        n_tasks=2,
        n_features=5,
        n_samples=n_samples,
        noise=0.4,
        n_replicates=3,
    ).train


@pytest.mark.parametrize("penalty", [0.1, 7.0])
def test_it_is_ridge_on_what_the_shared_solution_leaves(penalty):
    train, rng = data(), np.random.default_rng(1)
    centre = solve(train, TwoTaskGlobal(), rng=rng).weights
    moments = train.moments()
    image = np.einsum("btij,btj->bti", moments.gram, centre)
    rest = type(moments)(
        gram=moments.gram, cross=moments.cross - image, energy=moments.energy, n_samples=moments.n_samples
    )
    expected = centre + solve(rest, Ridge(penalty=penalty), rng=rng).weights
    for source in (train, moments):
        solution = solve(source, CentredRidge(shared=TwoTaskGlobal(), penalty=penalty), rng=rng)
        np.testing.assert_allclose(solution.weights, expected, atol=1e-9)


def test_limits_are_single_tasks_and_the_shared_solution():
    train, rng = data(), np.random.default_rng(2)
    for penalty, limit in ((1e-9, SingleTask()), (1e11, Pooled())):
        solution = solve(train, CentredRidge(shared=Pooled(), penalty=penalty), rng=rng)
        np.testing.assert_allclose(solution.weights, solve(train, limit, rng=rng).weights, atol=1e-8)


def test_with_few_samples_the_limit_is_the_nearest_interpolant():
    train, rng = data(n_samples=(30, 3)), np.random.default_rng(3)
    solution = solve(train, CentredRidge(shared=Pooled(), penalty=1e-8), rng=rng)
    shared = solve(train, Pooled(), rng=rng).weights
    inputs = train.inputs[:, 1, :3]
    residual = train.targets[:, 1, :3] - np.einsum("bnd,bd->bn", inputs, shared[:, 1])
    expected = shared[:, 1] + np.einsum("bdn,bn->bd", np.linalg.pinv(inputs), residual)
    np.testing.assert_allclose(solution.weights[:, 1], expected, atol=1e-6)
    assert np.abs(solution.weights[:, 1] - solve(train, MinimumNorm(), rng=rng).weights[:, 1]).max() > 0.01


@pytest.mark.parametrize("cosine", [0.9, 0.5])
def test_its_best_penalty_is_no_worse_than_the_best_stopping(cosine):
    # Both beat either limit on the mean. d = 40, 2000 and 80 samples, noise 0.7, 20 replicates.
    weights = np.zeros((1, 2, 40))
    weights[0, 0, 0], weights[0, 1, :2] = 1.0, (cosine, np.sqrt(1 - cosine**2))
    truth = Truth(weights=weights, covariance=np.eye(40), noise=np.full(2, 0.7))
    rng = np.random.default_rng(4)
    moments = draw_moments(rng, truth, n_samples=[2000, 80], n_replicates=20, shared_design=False)
    ridge = [
        excess_risk(solve(moments, CentredRidge(shared=TwoTaskGlobal(), penalty=p), rng=rng).weights, truth)
        for p in np.logspace(0, 3.5, 12)
    ]
    path = alignment_path(
        moments, CovarianceAlignment(shared=TwoTaskGlobal()), steps=range(0, 100, 2), rng=rng
    )
    best_ridge = np.mean(ridge, axis=1)[:, 1].min()
    best_stop = excess_risk(path, truth).mean(axis=1)[:, 1].min()
    assert best_ridge < 1.02 * best_stop
    for limit in (SingleTask(), TwoTaskGlobal()):
        risk = excess_risk(solve(moments, limit, rng=rng).weights, truth)[:, 1].mean()
        assert max(best_ridge, best_stop) < risk


def test_outcomes_of_the_shared_solver_are_passed_on():
    solver = CentredRidge(shared=SingleTask(), penalty=1.0)
    solution = solve(data(n_samples=(3, 3)), solver, rng=np.random.default_rng(5), throw=False)
    assert set(solution.outcomes) == {Outcome.RANK_DEFICIENT} and np.isnan(solution.weights).all()


def test_wrong_calls_are_refused():
    for penalty in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="penalty"):
            CentredRidge(shared=Pooled(), penalty=penalty)
    with pytest.raises(ValueError, match="not linear"):
        solve(data(), CentredRidge(shared=ReluNetwork(capacity=1), penalty=1.0), rng=np.random.default_rng(6))
