"""Capacity with many tasks: reference values, simulation, the rule from data, edges."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import make_random_effects_tasks, make_rotation
from mtl_simulators.metrics import excess_risk
from mtl_simulators.problems import Truth
from mtl_simulators.solvers import SharedRepresentation, SingleTask, solve
from mtl_theory.asymptotics import (
    best_capacity,
    capacity_risk,
    plug_in_capacity,
    random_effects_capacity_risk,
)

CAPACITIES = (1, 2, 5, 9, 10)
EFFECTS = {"n_tasks": 10, "n_samples": 1000, "n_features": 100, "noise": 0.5}
# mu: limit and 10-seed simulation of the average risk at each capacity.
REFERENCE = {
    0.05: ((0.0050, 0.0076, 0.0151, 0.0253, 0.0278), (0.0052, 0.0090, 0.0186, 0.0270, 0.0285)),
    0.2: ((0.0388, 0.0376, 0.0339, 0.0290, 0.0278), (0.0393, 0.0376, 0.0324, 0.0286, 0.0278)),
}
GRADED = (8, 4, 1.5, 0.6, 0.3, 0.1)


def reduced_rank(rng, truth, n_samples, count, capacities):
    """Return average risks `(B, len(capacities))` by the library's own solver."""
    moments = draw_moments(rng, truth, n_samples=n_samples, n_replicates=count, shared_design=True)
    solvers = [SingleTask() if r >= truth.n_tasks else SharedRepresentation(capacity=r) for r in capacities]
    risks = [excess_risk(solve(moments, s, rng=rng).weights, truth).mean(axis=-1) for s in solvers]
    return moments, np.stack(risks, axis=-1)


@pytest.mark.parametrize("mu", REFERENCE)
def test_random_effects_reference(mu):
    limit = random_effects_capacity_risk(CAPACITIES, spread=mu, **EFFECTS)
    # 0.02525 prints as 0.0253.
    np.testing.assert_allclose(limit, REFERENCE[mu][0], rtol=0, atol=5.1e-5)
    alone = limit[-1]
    assert bool((np.diff(limit) > 0).all()) is bool(mu**2 < alone)


@pytest.mark.parametrize("mu", REFERENCE)
def test_random_effects_simulation(mu):
    """100 replicates against the reference's 10 seeds, 4.5 standard errors of both."""
    rng = np.random.default_rng([1, round(100 * mu)])
    weights = make_random_effects_tasks(rng, n_tasks=10, n_features=100, spread=mu, n_replicates=100)
    truth = Truth(weights=weights, covariance=np.eye(100), noise=np.full(10, 0.5))
    _, risks = reduced_rank(rng, truth, 1000, 100, CAPACITIES)
    mean, spread = risks.mean(axis=0), risks.std(axis=0, ddof=1)
    stated = np.array(REFERENCE[mu][1])
    assert (np.abs(mean - stated) <= 4.5 * spread * np.sqrt(1 / 100 + 1 / 10) + 1e-4).all()
    # One unit has an eigengap: its risk is the limit; with none in between, the simulation need not be.
    limit = REFERENCE[mu][0]
    assert abs(mean[0] - limit[0]) <= 4.5 * spread[0] / 10 + 0.05 * limit[0]
    assert int(np.argmin(mean)) == (0 if mu == 0.05 else 4)


def test_counts_and_risks_of_a_graded_spectrum():
    setting = {"n_samples": np.array([150, 300, 900]), "n_features": 60, "noise": 1.0}
    np.testing.assert_array_equal(best_capacity(GRADED, **setting), (3, 5, 6))
    risks = capacity_risk([*GRADED, *[0.0] * 14], **setting)
    assert risks.shape == (3, 21)
    np.testing.assert_array_equal(np.argmin(risks, axis=1), (3, 5, 6))
    np.testing.assert_allclose(risks[:, 20], np.array([2 / 3, 0.25, 60 / 840]), rtol=1e-12)
    np.testing.assert_allclose(risks[:, 0], 14.5 / 20, rtol=1e-12)


def test_graded_simulation_lies_above_the_limit_with_a_third_as_many_tasks_as_features():
    """T = 20, p = 60: the best simulated capacities are 3, 4, 5, near ties of the rule's 3, 5, 6."""
    rng = np.random.default_rng(4)
    turn, axes = make_rotation(rng, n_features=20)[:6], make_rotation(rng, n_features=60)[:6]
    weights = (turn.T * np.sqrt(GRADED)) @ axes
    truth = Truth(weights=weights[None], covariance=np.eye(60), noise=np.ones(20))
    for n, best in ((150, 3), (300, 4), (900, 5)):
        _, risks = reduced_rank(rng, truth, n, 150, range(1, 8))
        mean = risks.mean(axis=0)
        assert int(np.argmin(mean)) + 1 == best
        limit = capacity_risk([*GRADED, *[0.0] * 14], n_samples=n, n_features=60, noise=1.0)[1:8]
        assert (mean > limit).all()
        rule = int(best_capacity(GRADED, n_samples=n, n_features=60, noise=1.0))
        assert mean[rule - 1] < 1.12 * mean.min()


def test_capacity_risk_is_convex_and_minimal_at_the_rule():
    rng = np.random.default_rng(5)
    for _ in range(100):
        values = 10 ** rng.uniform(-2, 2, 8)
        setting = {"n_samples": 10 ** rng.uniform(0.1, 3), "n_features": 1.0, "noise": 1.0}
        risks = capacity_risk(values, **setting)
        assert (np.diff(risks, 2) >= -1e-12).all()
        assert int(best_capacity(values, **setting)) == int(np.argmin(risks))


def test_random_effects_are_a_special_spectrum():
    mu, n_tasks = 0.3, 10
    values = [5.0, *[mu**2] * (n_tasks - 1)]
    setting = {"n_samples": 500, "n_features": 100, "noise": 0.7}
    general = capacity_risk(values, **setting)[1:]
    special = random_effects_capacity_risk(range(1, 11), n_tasks=10, spread=mu, **setting)
    np.testing.assert_allclose(general, special, rtol=1e-12)


def test_rule_from_data():
    rng = np.random.default_rng(6)
    spectrum = np.linspace(0.5, 2.0, 120)
    rows = make_rotation(rng, n_features=120)[:6]
    turn = make_rotation(rng, n_features=6)
    weights = ((turn * np.sqrt([8, 4, 1.5, 0.3, 0.07, 0.015])) @ rows) / np.sqrt(spectrum)
    truth = Truth(weights=weights[None], covariance=np.diag(spectrum), noise=np.ones(6))
    for n, expected in ((300, 3), (960, 4), (3720, 5)):
        moments = draw_moments(rng, truth, n_samples=n, n_replicates=100, shared_design=True)
        for noise in (None, 1.0):
            picked = plug_in_capacity(moments, noise)
            assert picked.shape == (100,)
            assert (picked == expected).mean() > 0.9


def test_full_capacity_is_single_tasks():
    rng = np.random.default_rng(7)
    truth = Truth(weights=rng.standard_normal((1, 4, 15)), covariance=np.eye(15), noise=np.ones(4))
    moments = draw_moments(rng, truth, n_samples=40, n_replicates=20, shared_design=True)
    shared = solve(moments, SharedRepresentation(capacity=4), rng=rng).weights
    alone = solve(moments, SingleTask(), rng=rng).weights
    np.testing.assert_allclose(shared, alone, rtol=1e-7, atol=1e-9)


def test_wrong_calls_say_what_is_wrong():
    setting = {"n_samples": 50, "n_features": 60, "noise": 1.0}
    with pytest.raises(ValueError, match="must exceed n_features"):
        capacity_risk(GRADED, **setting)
    with pytest.raises(ValueError, match="must exceed n_features"):
        best_capacity(GRADED, **setting)
    with pytest.raises(ValueError, match="eigenvalues must be at least 0"):
        best_capacity([1.0, -1.0], **(setting | {"n_samples": 90}))
    with pytest.raises(ValueError, match="capacity must lie between 1 and n_tasks = 10"):
        random_effects_capacity_risk(11, spread=0.1, **EFFECTS)
    with pytest.raises(ValueError, match="capacity must be at least 1"):
        random_effects_capacity_risk(0, spread=0.1, **EFFECTS)
    rng = np.random.default_rng(0)
    truth = Truth(weights=np.ones((1, 2, 5)), covariance=np.eye(5), noise=np.ones(2))
    with pytest.raises(ValueError, match="one design"):
        plug_in_capacity(draw_moments(rng, truth, n_samples=9, n_replicates=1, shared_design=False))
    with pytest.raises(ValueError, match="must exceed n_features"):
        plug_in_capacity(draw_moments(rng, truth, n_samples=5, n_replicates=1, shared_design=True))
