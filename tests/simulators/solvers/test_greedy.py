"""Greedy directions: the energies of Proposition 6, and the bound that holds."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.problems import Moments, Truth, make_linear
from mtl_simulators.solvers import (
    AlternatingLeastSquares,
    SingleTask,
    SolveError,
    TwoTaskGlobal,
    greedy_directions,
    local_minima,
    solve,
    weighted_moments,
)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def different_designs(
    seed: int, *, n_tasks: int = 3, d: int = 5, n: int = 20, n_replicates: int = 4
) -> Moments:
    rng = rng_of(seed)
    root = rng.standard_normal((n_tasks, d, d))
    truth = Truth(
        weights=rng.standard_normal((1, n_tasks, d)),
        covariance=root @ root.mT + 0.1 * np.eye(d),
        noise=np.ones(n_tasks),
    )
    return draw_moments(rng, truth, n_samples=n, n_replicates=n_replicates, shared_design=False)


def single_task_loss(moments: Moments) -> np.ndarray:
    weights = solve(moments, SingleTask(), rng=rng_of(0)).weights
    return (moments.squared_error(weights) * moments.n_samples).sum(axis=1)


def loss_of_span(moments: Moments, basis: np.ndarray) -> np.ndarray:
    """Return the loss of a shared map `(B, r, d)` with the best heads."""
    gram = basis[:, None] @ moments.gram_per_task @ basis.mT[:, None]
    signal = moments.cross @ basis.mT
    explained = np.einsum("btr,btr->b", signal, np.linalg.solve(gram, signal[..., None])[..., 0])
    return moments.energy.sum(axis=1) - explained


@pytest.mark.parametrize("seed", range(4))
def test_energies_add_up_and_bound_the_loss(seed):
    moments = different_designs(seed)
    directions, gains = greedy_directions(moments)
    assert directions.shape == (4, 5, 5) and gains.shape == (4, 5)
    assert np.abs(directions @ directions.mT - np.eye(5)).max() < 1e-10
    alone = single_task_loss(moments)
    size = moments.energy.sum(axis=1)
    assert (np.abs(size - gains.sum(axis=1) - alone) < 1e-10 * size).all()
    for r in (1, 2, 3):
        bound = alone + gains[:, r:].sum(axis=1)
        assert (np.abs(loss_of_span(moments, directions[:, :r]) - bound) < 1e-10 * size).all()
        best = local_minima(moments, AlternatingLeastSquares(capacity=r), rng=rng_of(1))[:, 0]
        assert (best <= bound + 1e-10 * size).all()
        if r == 1:
            assert np.allclose(best, bound, rtol=1e-9)
        else:
            assert (best < bound).all()
        # As printed, with a minus sign, the right side falls below what any shared map can reach.
        assert (best > alone - gains[:, r:].sum(axis=1)).all()


def test_first_direction_is_the_global_one():
    moments = different_designs(5, n_tasks=2, d=6, n=9, n_replicates=20)
    directions, gains = greedy_directions(moments, n_directions=1)
    exact = solve(moments, TwoTaskGlobal(), rng=rng_of(0))
    aligned = np.abs(np.einsum("bd,bd->b", directions[:, 0], exact.representation[:, 0]))
    assert np.abs(aligned - 1).max() < 1e-9
    loss = (moments.squared_error(exact.weights) * moments.n_samples).sum(axis=1)
    assert np.allclose(moments.energy.sum(axis=1) - gains[:, 0], loss, rtol=1e-10)


@pytest.mark.parametrize(("n_tasks", "d", "n"), [(3, 3, 6), (8, 6, 20), (10, 6, 20)])
def test_first_direction_is_as_good_as_the_best_of_many_random_starts(n_tasks, d, n):
    moments = different_designs(6, n_tasks=n_tasks, d=d, n=n, n_replicates=10)
    _, gains = greedy_directions(moments, n_directions=1)
    random = local_minima(moments, AlternatingLeastSquares(capacity=1, n_starts=60), rng=rng_of(7))[:, 0]
    assert (moments.energy.sum(axis=1) - gains[:, 0] <= random * (1 + 1e-9)).all()


def test_equal_designs_give_the_squared_singular_values():
    data = make_linear(
        rng_of(8), rank=4, n_tasks=6, n_features=5, n_samples=30, shared_design=True, n_replicates=3
    ).train
    _, gains = greedy_directions(data)
    left = np.linalg.svd(data.inputs, full_matrices=False)[0]
    singular = np.linalg.svd(data.targets @ left, compute_uv=False)
    assert np.allclose(gains, singular**2, rtol=1e-8)


def test_designs_that_see_few_directions_leave_nothing():
    """Eight samples in all: one vector of ten unknowns fits everything, and the rest is zero."""
    moments = different_designs(9, n_tasks=4, d=10, n=2, n_replicates=2)
    _, gains = greedy_directions(moments)
    size = moments.energy.sum(axis=1, keepdims=True)
    assert np.allclose(gains[:, :1], size, rtol=1e-9)
    assert (np.abs(gains[:, 1:]) < 1e-9 * size).all()


def test_weights_enter_through_the_data():
    moments = different_designs(10)
    _, plain = greedy_directions(moments)
    _, doubled = greedy_directions(weighted_moments(moments, [2.0, 2.0, 2.0]))
    assert np.allclose(doubled, 2 * plain, rtol=1e-7)
    _, one = greedy_directions(weighted_moments(moments, [1.0, 1e-9, 1e-9]))
    explained = moments.energy - (
        moments.squared_error(solve(moments, SingleTask(), rng=rng_of(0)).weights) * moments.n_samples
    )
    assert np.allclose(one[:, 0], explained[:, 0], rtol=1e-5)


def test_wrong_calls_and_unfinished_searches_are_refused():
    moments = different_designs(11)
    with pytest.raises(ValueError, match="n_directions=6 exceeds the 5 features"):
        greedy_directions(moments, n_directions=6)
    with pytest.raises(SolveError, match=r"direction 1: .* \(max_sweeps = 1\)"):
        greedy_directions(moments, max_sweeps=1)
