"""The trained head ratio and the risk at it: the phase diagram, optimality, simulation, edges."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.metrics import excess_risk
from mtl_simulators.problems import Truth
from mtl_simulators.solvers import TwoTaskGlobal, head_ratio, solve
from mtl_theory.asymptotics import (
    head_ratio_objective,
    limit_head_ratio,
    pair_risk,
    pooled_risk,
    pooled_variance_factor,
)

SOURCES = (30, 75, 150, 450, 1500)
TARGET = {"n_target": 150, "n_features": 50}
# Cosine: limit and 60-replicate simulation of the risk at each source size; p = 50, n_2 = 150, sigma = 0.5.
PHASE_DIAGRAM = {
    1.0: ((0.096, 0.071, 0.050, 0.023, 0.008), (0.103, 0.071, 0.053, 0.026, 0.010)),
    0.95: ((0.105, 0.089, 0.080, 0.080, 0.089), (0.108, 0.093, 0.085, 0.085, 0.092)),
    0.9: ((0.113, 0.107, 0.110, 0.137, 0.169), (0.116, 0.108, 0.111, 0.145, 0.173)),
    0.8: ((0.129, 0.141, 0.170, 0.252, 0.321), (0.127, 0.148, 0.171, 0.260, 0.331)),
    0.5: ((0.167, 0.237, 0.350, 0.594, 0.711), (0.161, 0.239, 0.356, 0.600, 0.717)),
}


def draw(rng, cosine, n_source, count, norm=1.0):
    p = TARGET["n_features"]
    weights = np.zeros((1, 2, p))
    weights[0, 0, :2] = norm * cosine, norm * np.sqrt(1 - cosine**2)
    weights[0, 1, 0] = 1.0
    truth = Truth(weights=weights, covariance=np.eye(p), noise=np.full(2, 0.5))
    counts = [n_source, TARGET["n_target"]]
    return truth, draw_moments(rng, truth, n_samples=counts, n_replicates=count, shared_design=False)


@pytest.mark.parametrize("cosine", PHASE_DIAGRAM)
def test_phase_diagram_to_every_printed_digit(cosine):
    limit = pair_risk(cosine, n_source=SOURCES, noise=0.5, **TARGET).risk
    # 0.1415 prints as 0.141.
    np.testing.assert_allclose(limit, PHASE_DIAGRAM[cosine][0], rtol=0, atol=5.1e-4)


def test_negative_cosines_mirror_positive_ones():
    plus = limit_head_ratio(0.95, n_source=SOURCES, **TARGET)
    minus = limit_head_ratio(-0.95, n_source=SOURCES, **TARGET)
    np.testing.assert_array_equal(plus, -minus)
    risks = [pair_risk(c, n_source=SOURCES, noise=0.5, **TARGET).risk for c in (0.95, -0.95)]
    np.testing.assert_allclose(*risks, rtol=1e-13)


def test_head_ratios_of_the_phase_diagram():
    ratios = limit_head_ratio(0.8, n_source=SOURCES, **TARGET)
    np.testing.assert_allclose(ratios, (0.93, 0.96, 1.00, 1.10, 1.20), rtol=0, atol=5.1e-3)
    # Equal sizes and norms: the tasks are exchangeable, whatever the angle.
    np.testing.assert_allclose(limit_head_ratio([0.2, 0.5, 0.9], n_source=150, **TARGET), 1.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("cosine", "column"), [(1.0, 0), (0.95, 1), (0.95, 3), (0.9, 2), (0.8, 4), (0.5, 0), (0.5, 3)]
)
def test_simulated_columns_and_head_ratio(cosine, column):
    """The global solver on 240 replicates against the 60 of the reference, 4.5 standard errors of both."""
    rng = np.random.default_rng([5, column, round(100 * cosine)])
    truth, moments = draw(rng, cosine, SOURCES[column], 240)
    solution = solve(moments, TwoTaskGlobal(), rng=rng)
    risk = excess_risk(solution.weights, truth)[:, 1]
    spread = risk.std(ddof=1)
    stated = PHASE_DIAGRAM[cosine][1][column]
    assert abs(risk.mean() - stated) <= 4.5 * spread * np.sqrt(1 / 240 + 1 / 60) + 5e-4
    limit = float(pair_risk(cosine, n_source=SOURCES[column], noise=0.5, **TARGET).risk)
    # The trained head costs about sigma^2 / n_2 = 0.0017 more, and n - p - 1 stands for n - p.
    assert abs(risk.mean() - limit) <= 4.5 * spread / np.sqrt(240) + 0.0017 + 0.02 * limit
    median = np.median(head_ratio(solution))
    assert abs(median - float(limit_head_ratio(cosine, n_source=SOURCES[column], **TARGET))) < 0.03 + (
        4.5 * 1.2533 * head_ratio(solution).std() / np.sqrt(240)
    )


def random_pairs(seed, count=60):
    rng = np.random.default_rng(seed)
    setting = {
        "n_source": 10 ** rng.uniform(-1.5, 2, count),
        "n_target": 1 + 10 ** rng.uniform(-1, 2, count),
        "n_features": 1.0,
    }
    norms = {"norm_source": 10 ** rng.uniform(-1, 1, count), "norm_target": 10 ** rng.uniform(-1, 1, count)}
    return rng.uniform(0.02, 1.0, count), setting, norms


def test_the_ratio_minimises_the_training_criterion():
    cosine, setting, norms = random_pairs(0)
    ratio = limit_head_ratio(cosine, **setting, **norms)

    def criterion(a):
        distance = norms["norm_source"] ** 2 - 2 * a * cosine * norms["norm_source"] * norms["norm_target"]
        return head_ratio_objective(a, **setting) * (distance + (a * norms["norm_target"]) ** 2)

    best = criterion(ratio)
    for a in np.tan(np.linspace(-1.57, 1.57, 2_001)):
        assert (criterion(a) >= best * (1 - 1e-12)).all()
    # Stationary: a step of 1e-4 to either side changes the criterion by the same second-order amount.
    up, down = criterion(ratio * (1 + 1e-4)) - best, criterion(ratio * (1 - 1e-4)) - best
    assert (up > 0).all() and (down > 0).all()
    np.testing.assert_allclose(up, down, rtol=0.01)


def test_criterion_equals_its_other_form_and_its_limit():
    _, setting, _ = random_pairs(1)
    a = np.geomspace(0.1, 10, 60)
    trace = pooled_variance_factor(a, **setting)
    n_1 = setting["n_source"]
    stretch = 1 + a**2 * trace
    direct = n_1 - a**2 * (n_1 * trace / stretch + (n_1 / stretch) ** 2 * trace)
    np.testing.assert_allclose(head_ratio_objective(a, **setting), direct, rtol=1e-6)
    many = head_ratio_objective(a, n_source=2e7, n_target=3e7, n_features=1.0)
    np.testing.assert_allclose(many, 6e14 / (a**2 * 2e7 + 3e7), rtol=1e-6)


def test_strong_common_part_brings_the_ratio_to_one():
    """Random effects: a = 1 + O(mu^2 / |beta_0|^2)."""
    mu = np.array([0.4, 0.2, 0.1, 0.05])
    cosine = 1 / (1 + mu**2)  # unit common part, independent effects
    norm = np.sqrt(1 + mu**2)
    ratio = limit_head_ratio(
        cosine, n_source=1000, n_target=300, n_features=100, norm_source=norm, norm_target=norm
    )
    departure = np.abs(ratio - 1) / mu**2
    assert departure.max() < 1.2 * departure.min() < 2.0


def test_parallel_tasks_share_for_free():
    ratio = limit_head_ratio(1.0, n_source=70, norm_source=3.0, norm_target=1.5, **TARGET)
    assert float(ratio) == pytest.approx(2.0, rel=1e-10)
    parts = pair_risk(1.0, n_source=70, noise=0.5, norm_source=3.0, norm_target=1.5, **TARGET)
    assert float(parts.bias) == pytest.approx(0.0, abs=1e-12)
    variance = pooled_risk(n_source=70, noise=0.5, squared_distance=0.0, head_ratio=2.0, **TARGET).variance
    assert float(parts.risk) == pytest.approx(float(variance), rel=1e-10)


def test_fitting_the_head_is_not_minimising_the_risk():
    """Training fits the large source; a smaller ratio, which leans on the target, has the smaller risk."""
    trained = float(pair_risk(0.8, n_source=1500, noise=0.5, **TARGET).risk)
    grid = np.linspace(0.01, 3, 300)
    risks = pooled_risk(
        n_source=1500,
        noise=0.5,
        squared_distance=1 - 1.6 * grid + grid**2,
        head_ratio=grid,
        **TARGET,
    ).risk
    assert risks.min() < 0.6 * trained
    assert grid[np.argmin(risks)] < float(limit_head_ratio(0.8, n_source=1500, **TARGET))


def test_wrong_calls_say_what_is_wrong():
    with pytest.raises(ValueError, match="orthogonal"):
        limit_head_ratio([0.5, 0.0], n_source=70, **TARGET)
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        limit_head_ratio(1.1, n_source=70, **TARGET)
    with pytest.raises(ValueError, match="n_target must exceed"):
        pair_risk(0.5, n_source=70, n_target=50, n_features=50, noise=0.5)
    with pytest.raises(ValueError, match="no direction"):
        pair_risk(0.5, n_source=70, noise=0.5, norm_source=0.0, **TARGET)
