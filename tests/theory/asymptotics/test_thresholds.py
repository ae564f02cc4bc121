"""Critical cosine, source sizes and regimes: reference values, brute force, limits, edges."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.geometry import make_random_effects_tasks
from mtl_simulators.metrics import excess_risk
from mtl_simulators.problems import Truth
from mtl_simulators.solvers import Pooled, solve
from mtl_theory.asymptotics import (
    TransferRegime,
    best_source_size,
    critical_cosine,
    critical_source_size,
    equal_heads_critical_cosine,
    pair_risk,
    pooled_risk,
    positive_source_sizes,
    single_task_risk,
    transfer_regime,
)

SOURCES = (30, 75, 150, 450, 1500)
PAIR = {"n_target": 150, "n_features": 50, "noise": 0.5}
GROWING = {"n_target": 300, "n_features": 100, "noise": 0.5}


def test_critical_cosines_of_the_phase_diagram():
    fitted = critical_cosine(n_source=[*SOURCES, 1e9], **PAIR)
    # The reference prints .8245 and .9355 at the ends; the limits are .8241 and sqrt(7/8) = .9354.
    np.testing.assert_allclose(fitted, (0.8245, 0.848, 0.875, 0.911, 0.928, 0.9355), rtol=0, atol=5e-4)
    np.testing.assert_allclose(
        fitted, (0.82414, 0.84796, 0.875, 0.91075, 0.92769, np.sqrt(0.875)), rtol=0, atol=5.1e-6
    )
    plain = equal_heads_critical_cosine(n_source=[*SOURCES, 1e12], **PAIR)
    np.testing.assert_allclose(plain, (0.8224, 0.8466, 0.875, 0.9118, 0.9293, 0.9375), rtol=0, atol=5.1e-5)
    assert float(equal_heads_critical_cosine(n_source=1e-9, **PAIR)) == pytest.approx(0.8125, rel=1e-8)


def test_a_large_source_helps_below_a_sine():
    """n_1 -> infinity: positive iff sin^2 < sigma^2 p / (n_2 - p)."""
    noise = np.array([0.1, 0.3, 0.5, 1.0])
    alone = single_task_risk(150, 50, noise)
    found = critical_cosine(n_source=1e10, n_target=150, n_features=50, noise=noise)
    np.testing.assert_allclose(found, np.sqrt(1 - alone), rtol=1e-6)


def test_transfer_changes_sign_at_the_critical_cosine_and_nowhere_else():
    rng = np.random.default_rng(0)
    setting = {
        "n_target": 1 + 10 ** rng.uniform(-1, 1.5, 40),
        "n_source": 10 ** rng.uniform(-1.5, 2, 40),
        "n_features": 1.0,
        "noise": 10 ** rng.uniform(-1.5, 0.5, 40),
        "norm_source": 10 ** rng.uniform(-0.5, 0.5, 40),
    }
    critical = critical_cosine(**setting)
    alone = single_task_risk(setting["n_target"], 1.0, setting["noise"])
    assert 5 < (critical == 0).sum() < 35
    for cosine in np.linspace(0.01, 1.0, 60):
        gain = alone - pair_risk(cosine, **setting).risk
        clear = np.abs(cosine - critical) > 1e-6
        np.testing.assert_array_equal((gain > 0)[clear], (cosine > critical)[clear])


def test_regimes_and_critical_sizes():
    mus = np.array([0.27, 0.3, 0.35, 0.4, 0.43])
    low, high = positive_source_sizes(**GROWING, squared_distance=2 * mus**2)
    np.testing.assert_allclose(high, (2344.8, 836.3, 318.7, 124.4, 27.5), rtol=0, atol=0.051)
    np.testing.assert_array_equal(low, 0.0)
    regimes = {mu: transfer_regime(**GROWING, squared_distance=2 * mu**2) for mu in (0.1, 0.2499, 0.2501)}
    assert regimes[0.1] is regimes[0.2499] is TransferRegime.ALWAYS_POSITIVE
    assert regimes[0.2501] is TransferRegime.POSITIVE_UNTIL
    edge = np.sqrt(0.25 * 300 / (2 * 200))
    assert round(edge, 4) == 0.4330
    assert (
        transfer_regime(**GROWING, squared_distance=2 * (edge - 1e-6) ** 2) is TransferRegime.POSITIVE_UNTIL
    )
    for mu in (edge + 1e-6, 0.45):
        assert transfer_regime(**GROWING, squared_distance=2 * mu**2) is TransferRegime.ALWAYS_NEGATIVE


def test_best_source_sizes():
    sizes = [best_source_size(**GROWING, squared_distance=2 * mu**2) for mu in (0.27, 0.3, 0.35, 0.4)]
    assert [round(size) for size in sizes] == [272, 199, 119, 59]
    assert best_source_size(**GROWING, squared_distance=2 * 0.45**2) == 0.0
    assert best_source_size(**GROWING, squared_distance=0.0) == np.inf
    assert all(help_text.value for help_text in TransferRegime)


def test_best_source_size_against_a_grid():
    rng = np.random.default_rng(1)
    grid = np.concatenate([[0.0], np.geomspace(1e-3, 1e6, 4_000)])
    for _ in range(60):
        setting = {"n_target": 1 + 10 ** rng.uniform(-1, 1.5), "n_features": 1.0, "noise": 1.0}
        distance = 10 ** rng.uniform(-2, 1)
        risks = pooled_risk(n_source=grid, **setting, squared_distance=distance).risk
        best = best_source_size(**setting, squared_distance=distance)
        at_best = (
            distance
            if np.isinf(best)
            else float(pooled_risk(n_source=best, **setting, squared_distance=distance).risk)
        )
        assert at_best <= risks.min() * (1 + 1e-9)


def test_positive_sizes_against_the_risk():
    """The sign of the gain on a grid of sizes, for targets on both sides of 3 p: all four regimes."""
    rng = np.random.default_rng(2)
    grid = np.geomspace(1e-3, 1e5, 400)
    seen = set()
    for _ in range(300):
        target = rng.uniform(1.05, 6)
        alone = float(single_task_risk(target, 1.0, 0.5))
        # Distances around the break-even values, where every regime occurs.
        distance = alone * rng.uniform(0.8, 1.3) * max(1.0, rng.choice([1.0, target]))
        setting = {"n_target": target, "n_features": 1.0, "noise": 0.5, "squared_distance": distance}
        low, high = (float(end) for end in positive_source_sizes(**setting))
        gain = alone - pooled_risk(n_source=grid, **setting).risk
        clear = np.abs(gain) > 1e-9 * alone
        np.testing.assert_array_equal((gain > 0)[clear], ((grid > low) & (grid < high))[clear])
        seen.add(transfer_regime(**setting))
        if target >= 3:
            assert low == 0.0
    assert seen == set(TransferRegime)


def test_positive_sizes_at_and_beyond_the_boundaries():
    alone = float(single_task_risk(300, 100, 0.5))
    low, high = positive_source_sizes(**GROWING, squared_distance=[alone, 3 * alone, 0.0])
    np.testing.assert_array_equal(low, 0.0)
    np.testing.assert_array_equal(high, [np.inf, 0.0, np.inf])
    # n_2 = 1.5 p: the peak of the tolerated distance is at n_1 = n_2 (3p - n_2) / (p + n_2) = 0.9 p.
    small = {"n_target": 1.5, "n_features": 1.0, "noise": 0.5}
    peak = 0.125 * 2 * 2 * 2.4**2 / (0.9 * 1.4 + 1.5)
    low, high = positive_source_sizes(**small, squared_distance=peak * (1 - 1e-6))
    assert 0.89 < float(low) < 0.9 < float(high) < 0.91
    assert transfer_regime(**small, squared_distance=peak * (1 + 1e-6)) is TransferRegime.ALWAYS_NEGATIVE


def test_critical_source_size_inverts_the_critical_cosine():
    cosines = critical_cosine(n_source=SOURCES, **PAIR)
    sizes = [critical_source_size(float(c), **PAIR) for c in cosines]
    np.testing.assert_allclose(sizes, SOURCES, rtol=1e-6)
    assert critical_source_size(-float(cosines[0]), **PAIR) == pytest.approx(SOURCES[0], rel=1e-6)
    assert critical_source_size(0.999, **PAIR) == np.inf
    assert critical_source_size(0.5, **PAIR) == 0.0


@pytest.mark.parametrize(("n_source", "stated"), [(100, 0.1071), (300, 0.1065), (1000, 0.1247)])
def test_pooled_simulation_at_mu_three_tenths(n_source, stated):
    """150 replicates of labelled data; the reference's own standard error is 0.002."""
    rng = np.random.default_rng([3, n_source])
    weights = make_random_effects_tasks(rng, n_tasks=2, n_features=100, spread=0.3, n_replicates=150)
    truth = Truth(weights=weights, covariance=np.eye(100), noise=np.full(2, 0.5))
    moments = draw_moments(rng, truth, n_samples=[n_source, 300], n_replicates=150, shared_design=False)
    risk = excess_risk(solve(moments, Pooled(), rng=rng).weights, truth)[:, 1]
    error = risk.std(ddof=1) / np.sqrt(150)
    limit = float(
        pooled_risk(n_source=n_source, n_target=300, n_features=100, noise=0.5, squared_distance=0.18).risk
    )
    assert abs(risk.mean() - limit) <= 4.5 * error + 0.01 * limit
    assert abs(risk.mean() - stated) <= 4.5 * np.hypot(error, 0.002)


def test_wrong_calls_say_what_is_wrong():
    with pytest.raises(ValueError, match="n_target must exceed"):
        critical_cosine(n_source=60, n_target=50, n_features=50, noise=0.5)
    with pytest.raises(ValueError, match="n_target must exceed"):
        equal_heads_critical_cosine(n_source=60, n_target=50, n_features=50, noise=0.5)
    with pytest.raises(ValueError, match="norm must be above 0"):
        equal_heads_critical_cosine(n_source=60, n_target=80, n_features=50, noise=0.5, norm=0.0)
    for function in (positive_source_sizes, transfer_regime, best_source_size):
        with pytest.raises(ValueError, match="must exceed n_features"):
            function(n_target=50, n_features=50, noise=0.5, squared_distance=0.1)
        with pytest.raises(ValueError, match="squared_distance"):
            function(n_target=80, n_features=50, noise=0.5, squared_distance=-0.1)
