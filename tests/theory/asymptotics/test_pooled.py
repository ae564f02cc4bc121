"""Variance and bias of two pooled tasks: reference values, independent forms, simulation, edges."""

import numpy as np
import pytest

from mtl_simulators.exact import draw_moments
from mtl_simulators.problems import Truth
from mtl_theory.asymptotics import (
    pooled_bias_factor,
    pooled_risk,
    pooled_variance_factor,
    printed_variance_factor,
    single_task_risk,
)

# p = 300: (n_1, n_2, a), L1 and its simulation, L2 and its simulation.
REFERENCE = [
    ((400, 600, 1.0), 0.4286, 0.4303, 0.2629, 0.2639),
    ((400, 600, 0.6), 0.6120, 0.6130, 0.3345, 0.3358),
    ((900, 450, 1.5), 0.1598, 0.1597, 0.2954, 0.2955),
    ((1200, 400, 0.3), 1.005, 1.008, 2.079, 2.088),
    ((150, 500, 1.2), 0.788, 0.793, 0.1774, 0.1778),
]


def sizes(n_source, n_target, n_features=300):
    return {"n_source": n_source, "n_target": n_target, "n_features": n_features}


def printed_bias_factor(a, n_1, n_2, p):
    """Return L2 as the paper writes it."""
    trace = pooled_variance_factor(a, **sizes(n_1, n_2, p))
    xi_1, xi_2 = p / n_1, p / n_2
    kappa = trace**2 / (xi_2**2 * (1 + trace) ** 2)
    kappa = kappa / (1 - a**4 * trace**2 / (xi_1 * (1 + a**2 * trace) ** 2))
    return (1 - 2 * trace / (xi_2 * (1 + trace)) + kappa) / (1 - xi_2 * kappa) / a**2


def random_settings(seed, count=400):
    rng = np.random.default_rng(seed)
    target = 1 + 10 ** rng.uniform(-1, 2, count)
    source = 10 ** rng.uniform(-1, 2, count)
    return source, target, rng.choice([-1, 1], count) * 10 ** rng.uniform(-1, 1, count)


@pytest.mark.parametrize(("setting", "variance", "_v", "bias", "_b"), REFERENCE)
def test_reference_values_to_every_printed_digit(setting, variance, _v, bias, _b):
    n_1, n_2, a = setting
    digits = 4 if variance < 0.7 else 3
    assert round(float(pooled_variance_factor(a, **sizes(n_1, n_2))), digits) == variance
    assert round(float(pooled_bias_factor(a, **sizes(n_1, n_2))), 4 if bias < 1 else 3) == bias


@pytest.mark.parametrize(
    ("setting", "variance", "simulated_variance", "bias", "simulated_bias"), REFERENCE[:3]
)
def test_simulated_columns(setting, variance, simulated_variance, bias, simulated_bias):
    """Twelve designs at p = 300: 4.5 standard errors, plus 1/p of relative finite-size error."""
    n_1, n_2, a = setting
    p, count = 300, 12
    truth = Truth(weights=np.zeros((1, 2, p)), covariance=np.eye(p), noise=np.zeros(2))
    rng = np.random.default_rng(7)
    gram = draw_moments(rng, truth, n_samples=[n_1, n_2], n_replicates=count, shared_design=False).gram
    inverse = np.linalg.inv(a**2 * gram[:, 0] + gram[:, 1])
    draws = np.stack(
        [np.trace(inverse, axis1=1, axis2=2), a**2 * ((inverse @ gram[:, 0]) ** 2).sum((1, 2)) / p]
    )
    mean, error = draws.mean(axis=1), draws.std(axis=1, ddof=1) / np.sqrt(count)
    limit = np.array([variance, bias])
    assert (np.abs(mean - limit) <= 4.5 * error + 1.5 / p * limit).all()
    # The reference columns come from a handful of designs too; they share the finite-size excess.
    assert (np.abs(mean - [simulated_variance, simulated_bias]) <= 9 * error + 1e-4).all()


def test_the_printed_discriminant_is_another_number():
    assert round(float(printed_variance_factor(1.0, **sizes(400, 600))), 3) == 0.581
    assert float(pooled_variance_factor(1.0, **sizes(400, 600))) == pytest.approx(3 / 7, rel=1e-12)
    # It is right where n_1 n_2 = p^2 by chance.
    assert printed_variance_factor(0.7, n_source=2, n_target=2, n_features=2) == pytest.approx(
        float(pooled_variance_factor(0.7, n_source=2, n_target=2, n_features=2)), rel=1e-12
    )


def test_variance_solves_the_fixed_point_and_bias_equals_the_printed_form():
    source, target, a = random_settings(0)
    trace = pooled_variance_factor(a, **sizes(source, target, 1.0))
    left = source * a**2 * trace / (1 + a**2 * trace) + target * trace / (1 + trace)
    np.testing.assert_allclose(left, 1.0, rtol=1e-10)
    np.testing.assert_allclose(
        pooled_bias_factor(a, **sizes(source, target, 1.0)),
        printed_bias_factor(a, source, target, 1.0),
        rtol=1e-6,  # the printed form cancels
    )


def test_plain_pooling_and_the_target_alone():
    source, target, _ = random_settings(1)
    total = source + target
    one = pooled_variance_factor(1.0, **sizes(source, target, 1.0))
    np.testing.assert_allclose(one, 1 / (total - 1), rtol=1e-12)
    bias = (source**2 * (total - 1) + source * target) / (total**2 * (total - 1))
    np.testing.assert_allclose(pooled_bias_factor(1.0, **sizes(source, target, 1.0)), bias, rtol=1e-10)
    np.testing.assert_allclose(
        pooled_variance_factor(0.0, **sizes(source, target, 1.0)), 1 / (target - 1), rtol=1e-12
    )
    np.testing.assert_array_equal(pooled_bias_factor(0.0, **sizes(source, target, 1.0)), 0.0)
    np.testing.assert_allclose(
        pooled_risk(**sizes(0.0, target, 1.0), noise=0.7, squared_distance=3.0).risk,
        single_task_risk(target, 1.0, 0.7),
        rtol=1e-12,
    )


def test_sharing_lowers_variance_and_raises_bias():
    source, target, a = random_settings(2)
    assert (pooled_variance_factor(a, **sizes(source, target, 1.0)) < 1 / (target - 1)).all()
    assert (pooled_bias_factor(a, **sizes(source, target, 1.0)) > 0).all()


def test_only_ratios_and_the_size_of_the_head_count():
    source, target, a = random_settings(3)
    for function in (pooled_variance_factor, pooled_bias_factor):
        value = function(a, **sizes(source, target, 1.0))
        np.testing.assert_allclose(function(-a, **sizes(50 * source, 50 * target, 50.0)), value, rtol=1e-10)
        assert function(np.ones((3, 1)), **sizes([2.0, 3.0], 4.0, 1.0)).shape == (3, 2)


def test_roles_are_symmetric():
    """Scaled by the other head, source and target change places: c S_1 + S_2 = c (S_1 + S_2 / c)."""
    source, target, a = random_settings(4)
    source = source + 1
    direct = pooled_variance_factor(a, **sizes(source, target, 1.0))
    swapped = pooled_variance_factor(1 / a, **sizes(target, source, 1.0)) / a**2
    np.testing.assert_allclose(direct, swapped, rtol=1e-10)


def test_few_target_samples_need_a_source():
    assert float(pooled_variance_factor(1.0, **sizes(2.0, 0.5, 1.0))) == pytest.approx(1 / 1.5)
    tiny = pooled_variance_factor(1e-4, **sizes(2.0, 0.5, 1.0))
    # Half of the features are left to the source alone, at weight c: (p - n_2)/(c (N - p)) to leading order.
    assert float(tiny) == pytest.approx(0.5 / (1e-8 * 1.5), rel=1e-3)


def test_wrong_calls_say_what_is_wrong():
    with pytest.raises(ValueError, match="n_source \\+ n_target > n_features"):
        pooled_variance_factor(1.0, n_source=3, n_target=4, n_features=7)
    with pytest.raises(ValueError, match="n_target must exceed"):
        pooled_bias_factor(0.0, n_source=30, n_target=4, n_features=7)
    with pytest.raises(ValueError, match="n_samples must exceed"):
        single_task_risk([8, 7], 7, 1.0)
    with pytest.raises(ValueError, match="noise must be at least 0"):
        single_task_risk(8, 7, -1.0)
    with pytest.raises(ValueError, match="squared_distance"):
        pooled_risk(n_source=3, n_target=9, n_features=7, noise=1.0, squared_distance=-1.0)
    with pytest.raises(ValueError, match="NaN"):
        pooled_variance_factor(np.nan, n_source=3, n_target=9, n_features=7)
