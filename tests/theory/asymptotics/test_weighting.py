"""Source weight and soft sharing: reference values, optimality, simulation, edges."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import make_random_effects_tasks
from mtl_simulators.metrics import excess_risk
from mtl_simulators.problems import Truth
from mtl_simulators.solvers import SoftSharing, WeightedPooling, solve
from mtl_theory.asymptotics import (
    estimate_squared_distance,
    optimal_source_weight,
    pooled_risk,
    single_task_risk,
    soft_sharing_penalty,
    source_weight_rule,
    weighted_pair_risk,
)

TARGET = {"n_target": 300, "n_features": 100, "noise": 0.5}
SETTINGS = [(200, 0.3), (1000, 0.3), (1000, 0.45)]


def rule(n_source, mu, **more):
    setting = {"n_features": 100, "noise": 0.5, **more}
    return source_weight_rule(n_source=n_source, squared_distance=2 * mu**2, **setting)


def simulated(solver, n_source, mu, count, seed):
    rng = np.random.default_rng([seed, n_source, round(100 * mu)])
    weights = make_random_effects_tasks(rng, n_tasks=2, n_features=100, spread=mu, n_replicates=count)
    truth = Truth(weights=weights, covariance=np.eye(100), noise=np.full(2, 0.5))
    moments = draw_moments(rng, truth, n_samples=[n_source, 300], n_replicates=count, shared_design=False)
    return truth, moments, excess_risk(solve(moments, solver, rng=rng).weights, truth)[:, 1]


def test_reference_weights():
    found = [
        float(optimal_source_weight(n_source=n, squared_distance=2 * mu**2, **TARGET)) for n, mu in SETTINGS
    ]
    # Grid optima of the reference: .377, .126, .058; the middle one is a grid point beside the optimum.
    np.testing.assert_allclose(found, (0.3765, 0.1223, 0.0561), rtol=0, atol=5.1e-5)
    np.testing.assert_allclose(found, (0.377, 0.126, 0.058), rtol=0.04)
    np.testing.assert_allclose([rule(n, mu) for n, mu in SETTINGS], (0.41, 0.122, 0.058), rtol=0, atol=5e-4)


@pytest.mark.parametrize(("setting", "stated"), list(zip(SETTINGS, (0.0889, 0.0720, 0.0917), strict=True)))
def test_weighted_pooling_removes_negative_transfer(setting, stated):
    """100 labelled replicates against the limit (1 % for terms of order 1/p) and the reference."""
    n_source, mu = setting
    weight = float(rule(n_source, mu))
    solver = WeightedPooling(task_weights=np.array([weight, 1.0]))
    _, _, risk = simulated(solver, n_source, mu, 100, 0)
    error = risk.std(ddof=1) / 10
    limit = float(weighted_pair_risk(weight, n_source=n_source, squared_distance=2 * mu**2, **TARGET).risk)
    assert abs(risk.mean() - limit) <= 4.5 * error + 0.01 * limit
    assert stated == pytest.approx(limit, rel=0.015)
    assert limit < float(single_task_risk(300, 100, 0.5))


def test_plain_pooling_of_the_same_pairs():
    plain = [float(pooled_risk(n_source=n, squared_distance=2 * mu**2, **TARGET).risk) for n, mu in SETTINGS]
    np.testing.assert_allclose(plain, (0.103, 0.130, 0.267), rtol=0.01)
    weighted = [
        float(weighted_pair_risk(1.0, n_source=n, squared_distance=2 * mu**2, **TARGET).risk)
        for n, mu in SETTINGS
    ]
    np.testing.assert_allclose(weighted, plain, rtol=1e-12)


def random_pairs(seed, count=50):
    rng = np.random.default_rng(seed)
    return {
        "n_source": 10 ** rng.uniform(-1, 2, count),
        "n_target": 1 + 10 ** rng.uniform(-1, 1.5, count),
        "n_features": 1.0,
        "noise": 10 ** rng.uniform(-1, 1, count),
        "squared_distance": 10 ** rng.uniform(-2, 1, count),
    }


def test_the_best_weight_beats_all_others_and_the_target_alone():
    setting = random_pairs(0)
    best = optimal_source_weight(**setting)
    lowest = weighted_pair_risk(best, **setting).risk
    assert (lowest < single_task_risk(setting["n_target"], 1.0, setting["noise"])).all()
    for weight in [0.0, *np.geomspace(1e-6, 10, 400)]:
        assert (weighted_pair_risk(weight, **setting).risk >= lowest * (1 - 1e-12)).all()


def test_the_rule_is_the_best_weight_for_many_samples():
    setting = {"n_source": 4e4, "n_target": 2e4, "n_features": 1.0, "noise": 1.0, "squared_distance": 1e-4}
    exact = float(optimal_source_weight(**setting))
    setting.pop("n_target")
    assert float(source_weight_rule(**setting)) == pytest.approx(exact, rel=2e-3)
    assert 0.1 < exact < 0.3


def test_equal_tasks_get_unit_weight():
    setting = random_pairs(1) | {"squared_distance": 0.0}
    np.testing.assert_allclose(optimal_source_weight(**setting), 1.0, rtol=1e-6)


def test_penalties_and_risks_of_soft_sharing():
    """Lambda* = 139 and 62, and risks .072 and .094, on 100 labelled replicates."""
    for mu, penalty, stated in ((0.3, 139, 0.072), (0.45, 62, 0.094)):
        best = float(soft_sharing_penalty(n_features=100, noise=0.5, squared_distance=2 * mu**2))
        assert round(best) == penalty
        _, _, risk = simulated(SoftSharing(strength=best), 1000, mu, 100, 1)
        assert abs(risk.mean() - stated) <= 4.5 * risk.std(ddof=1) / 10 + 5e-4


def test_soft_sharing_is_flat_around_its_optimum_but_has_one():
    """The same draws at other penalties: the Bayes value wins on average."""
    means = {}
    for factor in (0.1, 1.0, 10.0):
        strength = factor * float(soft_sharing_penalty(n_features=100, noise=0.5, squared_distance=0.18))
        means[factor] = simulated(SoftSharing(strength=strength), 1000, 0.3, 100, 2)[2]
    for factor in (0.1, 10.0):
        difference = means[factor] - means[1.0]
        assert difference.mean() > 4.5 * difference.std(ddof=1) / 10


def test_distance_is_estimated_without_bias():
    rng = np.random.default_rng(3)
    weights = make_random_effects_tasks(rng, n_tasks=2, n_features=20, spread=0.3)
    distance = float(((weights[0, 0] - weights[0, 1]) ** 2).sum())
    noise = np.array([0.5, 0.8])
    truth = Truth(weights=weights, covariance=np.diag(np.linspace(0.5, 2, 20)), noise=noise)
    moments = draw_moments(rng, truth, n_samples=[60, 90], n_replicates=3_000, shared_design=False)
    estimates = estimate_squared_distance(moments, noise)
    assert estimates.shape == (3_000,)
    assert abs(estimates.mean() - distance) <= 4.5 * estimates.std(ddof=1) / np.sqrt(3_000)


def test_wrong_calls_say_what_is_wrong():
    with pytest.raises(ValueError, match="weight must be at least 0"):
        weighted_pair_risk(-0.1, n_source=10, squared_distance=0.1, **TARGET)
    with pytest.raises(ValueError, match="n_target must exceed"):
        weighted_pair_risk(1.0, n_source=10, n_target=9, n_features=9, noise=1.0, squared_distance=0.1)
    with pytest.raises(ValueError, match="noise must be above 0"):
        source_weight_rule(n_source=10, n_features=9, noise=0.0, squared_distance=0.1)
    with pytest.raises(ValueError, match="squared_distance must be above 0"):
        soft_sharing_penalty(n_features=9, noise=1.0, squared_distance=0.0)
    truth = Truth(weights=np.ones((1, 3, 2)), covariance=np.eye(2), noise=np.ones(3))
    rng = np.random.default_rng(0)
    three = draw_moments(rng, truth, n_samples=9, n_replicates=1, shared_design=False)
    with pytest.raises(ValueError, match="two tasks"):
        estimate_squared_distance(three, 1.0)
    truth = Truth(weights=np.ones((1, 2, 5)), covariance=np.eye(5), noise=np.ones(2))
    few = draw_moments(rng, truth, n_samples=[5, 9], n_replicates=1, shared_design=False)
    with pytest.raises(ValueError, match="more samples"):
        estimate_squared_distance(few, 1.0)
