"""Covariate and combined shift: reference values, the printed equations, bounds, edges."""

import numpy as np
import pytest

from mtl_theory.asymptotics import (
    combined_shift_risk,
    covariate_shift_variance,
    equal_covariances_are_best,
    equal_covariances_factor,
    pooled_bias_factor,
    pooled_variance_factor,
)


def reciprocal(p, factor):
    return np.repeat([float(factor), 1 / factor], p // 2)


@pytest.mark.parametrize(
    ("p", "n_1", "n_2", "limit", "simulated"),
    [
        (100, 100, 300, 0.06166, 0.06235),
        (100, 300, 300, 0.05000, 0.05018),
        (100, 1000, 300, 0.04021, 0.04040),
        (50, 500, 200, 0.03093, 0.03110),
    ],
)
def test_covariate_shift_reference(p, n_1, n_2, limit, simulated):
    value = float(covariate_shift_variance(reciprocal(p, 4), n_source=n_1, n_target=n_2, noise=0.5))
    assert round(value, 5) == limit
    assert simulated == pytest.approx(value, rel=1.2 / p + 0.003)


def test_dichotomy_reference():
    table = {
        150: (0.0714, 0.0652, 0.0562, 0.0512),
        300: (0.05, 0.05, 0.05, 0.05),
        1200: (0.0179, 0.0252, 0.0384, 0.0475),
    }
    for n_1, row in table.items():
        spectra = np.stack([reciprocal(100, f) for f in (1, 2, 4, 10)])
        values = covariate_shift_variance(spectra, n_source=n_1, n_target=300, noise=0.5)
        np.testing.assert_array_equal(values.round(4), row)
        assert equal_covariances_are_best(n_1, 300) is bool(values[0] <= values.min() * (1 + 1e-12))


def test_dichotomy_for_any_reciprocal_spectrum():
    rng = np.random.default_rng(0)
    logs = rng.uniform(-2, 2, (200, 20)) * rng.uniform(0, 1, (200, 1))
    spectra = np.exp(np.concatenate([logs, -logs], axis=1))
    for n_1, n_2 in ((60, 100), (100, 100), (250, 100), (15, 60)):
        shifted = covariate_shift_variance(spectra, n_source=n_1, n_target=n_2, noise=1.0)
        equal = 40 / (n_1 + n_2 - 40)
        best = equal_covariances_are_best(n_1, n_2)
        assert (shifted >= equal - 1e-12).all() if best else (shifted <= equal + 1e-12).all()
    even = covariate_shift_variance(spectra, n_source=100, n_target=100, noise=1.0)
    np.testing.assert_allclose(even, 40 / 160, rtol=1e-12)


def test_bound_for_equal_covariances():
    """det M'M = 1, singular values in [tau, 1/tau], not in pairs."""
    rng = np.random.default_rng(1)
    largest = 0.0
    for _ in range(200):
        logs = rng.standard_normal(30)
        logs = (logs - logs.mean()) * rng.uniform(0, 1)
        floor = float(np.exp(-np.abs(logs).max()))
        n_1, n_2 = rng.uniform(10, 300), rng.uniform(31, 300)
        shifted = covariate_shift_variance(np.exp(logs), n_source=n_1, n_target=n_2, noise=1.0)
        bound = equal_covariances_factor(n_1, n_2, floor) * float(shifted)
        largest = max(largest, 30 / (n_1 + n_2 - 30) / bound)
    assert 0.3 < largest < 1


def test_equations_of_the_shares_and_special_cases():
    rng = np.random.default_rng(2)
    lam, n_1, n_2, a = np.exp(rng.standard_normal(30)), 25.0, 40.0, 0.7
    value = float(covariate_shift_variance(lam, n_source=n_1, n_target=n_2, noise=1.0, head_ratio=a))

    # By another route: the leverages' equations solved by fixed-point iteration.
    d_1 = d_2 = 0.0
    for _ in range(5_000):
        load = a**2 * lam**2 * n_1 / (1 + a**2 * d_1) + n_2 / (1 + d_2)
        d_1, d_2 = (lam**2 / load).sum(), (1 / load).sum()
    assert value == pytest.approx(d_2, rel=1e-9)
    ones = covariate_shift_variance(np.ones(30), n_source=n_1, n_target=n_2, noise=1.0, head_ratio=a)
    direct = pooled_variance_factor(a, n_source=n_1, n_target=n_2, n_features=30)
    assert float(ones) == pytest.approx(float(direct), rel=1e-12)
    # A shift of a only rescales the source's inputs.
    scaled = covariate_shift_variance(a * lam, n_source=n_1, n_target=n_2, noise=1.0)
    assert float(scaled) == pytest.approx(value, rel=1e-12)
    alone = covariate_shift_variance(lam, n_source=0.0, n_target=n_2, noise=2.0)
    assert float(alone) == pytest.approx(4 * 30 / 10, rel=1e-9)


def test_shapes_broadcast():
    spectra = np.ones((3, 1, 10))
    values = covariate_shift_variance(
        spectra, n_source=[20.0, 30.0], n_target=20.0, noise=[[1.0], [2.0], [3.0]]
    )
    assert values.shape == (3, 2)
    np.testing.assert_allclose(values[:, 0], [10 / 30, 40 / 30, 90 / 30], rtol=1e-12)


COMBINED = [
    ((100, 200, 300, 4, 0.1), (0.05332, 0.05353), (0.00985, 0.00986)),
    ((100, 1000, 300, 4, 0.27), (0.04021, 0.04029), (0.08219, 0.08227)),
    ((200, 300, 400, 2, 0.3), (0.09514, 0.09551), (0.07020, 0.07006)),
    ((100, 1000, 300, 1, 0.3), (0.02083, 0.02083), (0.10917, 0.10917)),
    ((100, 5000, 300, 4, 0.27), (0.02157, 0.02157), (0.09629, 0.09629)),
]


@pytest.mark.parametrize(("setting", "variance", "bias"), COMBINED)
def test_combined_shift_reference(setting, variance, bias):
    p, n_1, n_2, factor, mu = setting
    parts = combined_shift_risk(
        reciprocal(p, factor) ** 2, n_source=n_1, n_target=n_2, noise=0.5, squared_distance=2 * mu**2
    )
    assert (round(float(parts.variance), 5), round(float(parts.bias), 5)) == (variance[0], bias[0])
    assert variance[1] == pytest.approx(variance[0], rel=0.005)
    assert bias[1] == pytest.approx(bias[0], rel=0.005)


def test_combined_shift_reduces_to_each_shift_alone():
    rng = np.random.default_rng(3)
    spectrum = np.exp(rng.standard_normal(40))
    for n_1, n_2 in ((20.0, 60.0), (40.0, 50.0), (300.0, 45.0), (30.0, 25.0)):
        sizes = {"n_source": n_1, "n_target": n_2}
        parts = combined_shift_risk(spectrum, **sizes, noise=0.7, squared_distance=2.0)
        variance = covariate_shift_variance(np.sqrt(spectrum), **sizes, noise=0.7)
        assert float(parts.variance) == pytest.approx(float(variance), rel=1e-10)
        equal = combined_shift_risk(np.ones(40), **sizes, noise=0.7, squared_distance=2.0)
        bias = 2 * pooled_bias_factor(1.0, **sizes, n_features=40)
        assert float(equal.bias) == pytest.approx(float(bias), rel=1e-9)


def test_wrong_calls_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"n_source \+ n_target > n_features"):
        covariate_shift_variance(np.ones(10), n_source=4, n_target=6, noise=1.0)
    with pytest.raises(ValueError, match="singular_values must be above 0"):
        covariate_shift_variance([1.0, 0.0], n_source=4, n_target=6, noise=1.0)
    with pytest.raises(ValueError, match="head_ratio must not be 0"):
        covariate_shift_variance(np.ones(3), n_source=4, n_target=6, noise=1.0, head_ratio=0.0)
    with pytest.raises(ValueError, match="singular_values has shape"):
        covariate_shift_variance(1.0, n_source=4, n_target=6, noise=1.0)
    with pytest.raises(ValueError, match="eigenvalues must be above 0"):
        combined_shift_risk([1.0, -1.0], n_source=4, n_target=6, noise=1.0, squared_distance=1.0)
    with pytest.raises(ValueError, match="n_source must be above 0"):
        combined_shift_risk(np.ones(3), n_source=0, n_target=6, noise=1.0, squared_distance=1.0)
    with pytest.raises(ValueError, match="floor must lie"):
        equal_covariances_factor(3, 4, 0.0)
