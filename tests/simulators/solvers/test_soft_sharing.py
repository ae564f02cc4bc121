"""Soft sharing and weighted pooling: closed forms, limits, and what they do to negative transfer."""

from typing import NamedTuple

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import make_random_effects_tasks
from mtl_simulators.problems import Moments, Truth, make_linear
from mtl_simulators.solvers import (
    Outcome,
    Pooled,
    SingleTask,
    SoftSharing,
    Solver,
    WeightedPooling,
    solve,
    weighted_moments,
)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def different_designs(seed: int, *, n_tasks: int, n: int | list[int] = 12, d: int = 5) -> Moments:
    rng = rng_of(seed)
    root = rng.standard_normal((n_tasks, d, d))
    truth = Truth(
        weights=rng.standard_normal((1, n_tasks, d)),
        covariance=root @ root.mT + 0.1 * np.eye(d),
        noise=np.ones(n_tasks),
    )
    return draw_moments(rng, truth, n_samples=n, n_replicates=3, shared_design=False)


def weights_of(data, solver: Solver) -> np.ndarray:
    return solve(data, solver, rng=rng_of(0)).weights


def test_soft_sharing_of_two_tasks_has_its_closed_form():
    moments, strength = different_designs(0, n_tasks=2), 3.7
    s1, s2 = moments.gram[:, 0], moments.gram[:, 1]
    x1, x2 = moments.cross[:, 0, :, None], moments.cross[:, 1, :, None]
    second = np.linalg.solve(s1 @ s2 + strength * (s1 + s2), s1 @ x2 + strength * (x1 + x2))[..., 0]
    assert np.abs(weights_of(moments, SoftSharing(strength=strength))[:, 1] - second).max() < 1e-10


@pytest.mark.parametrize("n_samples", [12, [2, 12, 3, 7]])
@pytest.mark.parametrize("strength", [1e-3, 1.0, 1e5])
def test_soft_sharing_is_stationary(strength, n_samples):
    """X_t'(X_t w_t - y_t) + strength * sum_s (w_t - w_s) = 0 for every task."""
    moments = different_designs(1, n_tasks=4, n=n_samples)
    weights = weights_of(moments, SoftSharing(strength=strength))
    residual = (moments.gram @ weights[..., None])[..., 0] - moments.cross
    pull = strength * (4 * weights - weights.sum(axis=1, keepdims=True))
    assert np.abs(residual + pull).max() < 1e-8 * (np.abs(moments.cross).max() + np.abs(pull).max())


def test_soft_sharing_runs_from_single_task_to_pooling():
    moments = different_designs(2, n_tasks=3)
    alone, pooled = weights_of(moments, SingleTask()), weights_of(moments, Pooled())
    assert np.abs(weights_of(moments, SoftSharing(strength=1e-9)) - alone).max() < 1e-7
    assert np.abs(weights_of(moments, SoftSharing(strength=1e9)) - pooled).max() < 1e-6
    spread = [np.ptp(weights_of(moments, SoftSharing(strength=s)), axis=1).max() for s in (0.01, 1.0, 100.0)]
    assert spread[0] > spread[1] > spread[2]


def test_soft_sharing_of_a_shared_design():
    data = make_linear(
        rng_of(3), alignment=0.5, n_tasks=3, n_features=4, n_samples=9, shared_design=True
    ).train
    copied = weighted_moments(data)
    strength = SoftSharing(strength=2.0)
    assert np.abs(weights_of(data, strength) - weights_of(copied, strength)).max() < 1e-12


@pytest.mark.parametrize("strength", [0.0, -1.0, np.inf, np.nan])
def test_soft_sharing_refuses_what_other_solvers_do(strength):
    with pytest.raises(ValueError, match="for 0 use SingleTask, for infinity Pooled"):
        SoftSharing(strength=strength)


@pytest.mark.parametrize("solver", [SoftSharing(strength=1.0), WeightedPooling()])
def test_too_few_samples_in_all_are_named(solver):
    moments = different_designs(4, n_tasks=2, n=2)
    solution = solve(moments, solver, rng=rng_of(0), throw=False)
    assert solution.outcomes == (Outcome.RANK_DEFICIENT,) * 3


def test_weighted_pooling_has_its_closed_form():
    moments = different_designs(5, n_tasks=3)
    alpha, heads = np.array([0.2, 1.0, 3.0]), np.array([-1.5, 1.0, 0.5])
    gram = np.einsum("t,btij->bij", alpha * heads**2, moments.gram)
    vector = np.linalg.solve(gram, np.einsum("t,bti->bi", alpha * heads, moments.cross)[..., None])[..., 0]
    solution = solve(moments, WeightedPooling(task_weights=alpha, heads=heads), rng=rng_of(0))
    assert np.abs(solution.representation[:, 0] - vector).max() < 1e-10
    assert np.array_equal(solution.heads, np.broadcast_to(heads[:, None], (3, 3, 1)))


def test_weighted_pooling_without_weights_is_pooling():
    moments = different_designs(6, n_tasks=3)
    plain = weights_of(moments, Pooled())
    assert np.abs(weights_of(moments, WeightedPooling()) - plain).max() < 1e-12


def test_weight_zero_leaves_a_task_out():
    moments = different_designs(7, n_tasks=2)
    weights = weights_of(moments, WeightedPooling(task_weights=[0.0, 1.0]))
    assert np.abs(weights[:, 1] - weights_of(moments, SingleTask())[:, 1]).max() < 1e-10
    assert np.array_equal(weights[:, 0], weights[:, 1])


def test_each_replicate_may_have_its_own_weights_and_heads():
    moments = different_designs(8, n_tasks=2)
    alpha, heads = rng_of(9).uniform(0.1, 2.0, (3, 2)), rng_of(10).uniform(-1, 1, (3, 2))
    together = weights_of(moments, WeightedPooling(task_weights=alpha, heads=heads))
    for b in range(3):
        alone = weights_of(moments, WeightedPooling(task_weights=alpha[b], heads=heads[b]))
        assert np.abs(together[b] - alone[b]).max() < 1e-12


def test_bad_weights_and_heads_are_refused():
    moments = different_designs(11, n_tasks=2)
    for alpha in ([-1.0, 1.0], [1.0, 1.0, 1.0], [[1.0, 1.0]] * 2):
        with pytest.raises(ValueError, match="task_weights"):
            weights_of(moments, WeightedPooling(task_weights=alpha))
    with pytest.raises(ValueError, match="heads has shape"):
        weights_of(moments, WeightedPooling(heads=[1.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="must be positive, got a smallest value of 0"):
        weighted_moments(moments, [0.0, 1.0])


class Shift(NamedTuple):
    """Source samples, spread mu, published risks at the best weight and the best strength."""

    n_source: int
    spread: float
    rebalanced: float
    soft: float | None


# Source: an independent simulation, p = 100, n_2 = 300, sigma = 0.5; its number of replicates is not known.
SHIFTS = [Shift(200, 0.3, 0.0889, None), Shift(1000, 0.3, 0.0720, 0.072), Shift(1000, 0.45, 0.0917, 0.094)]


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
def test_rebalancing_and_soft_sharing_remove_negative_transfer(shift):
    """At the formulas' values the risk is near its least, far below pooling, and as published.

    Differences between settings are paired, so 4 standard errors of the sample; the published risks are
    compared at 5 standard errors of two samples of this size.
    """
    p, n_target, sigma, n_replicates = 100, 300, 0.5, 60
    rng = rng_of(12)
    tasks = make_random_effects_tasks(
        rng, n_tasks=2, n_features=p, spread=shift.spread, n_replicates=n_replicates
    )
    truth = Truth(weights=tasks, covariance=np.eye(p), noise=np.full(2, sigma))
    moments = draw_moments(
        rng, truth, n_samples=[shift.n_source, n_target], n_replicates=n_replicates, shared_design=False
    )

    def risk(solver: Solver) -> np.ndarray:
        return ((weights_of(moments, solver)[:, 1] - tasks[:, 1]) ** 2).sum(axis=-1)

    def is_below(first: np.ndarray, second: np.ndarray) -> bool:
        difference = second - first
        return bool(difference.mean() > 4 * difference.std() / np.sqrt(n_replicates))

    weight = 1 / (1 + 2 * shift.spread**2 * shift.n_source / (p * sigma**2))
    strength = p * sigma**2 / (2 * shift.spread**2)
    rebalanced = risk(WeightedPooling(task_weights=[weight, 1.0]))
    soft = risk(SoftSharing(strength=strength))
    alone = risk(SingleTask())
    assert is_below(rebalanced, risk(Pooled())) and is_below(rebalanced, alone)
    assert is_below(soft, alone)
    for factor in (0.4, 2.5):
        assert is_below(rebalanced, risk(WeightedPooling(task_weights=[factor * weight, 1.0])))
        assert is_below(soft, risk(SoftSharing(strength=factor * strength)))
    for sample, published in ((rebalanced, shift.rebalanced), (soft, shift.soft)):
        if published is not None:
            error = sample.std() * np.sqrt(2 / n_replicates)
            assert abs(sample.mean() - published) < 5 * error + 5e-4
