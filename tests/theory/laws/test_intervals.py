"""Three kinds of interval: equal where a law is linear, different where they should be."""

import numpy as np
import pytest
from scipy.optimize import brentq, least_squares
from scipy.stats import t

from mtl_theory.laws import B_FORM, Bootstrap, GaussNewton, Huber, ProfileLikelihood, fit_law, parse_form


@pytest.fixture
def b_rows(planted):
    return planted(
        np.random.default_rng(0),
        300,
        0.03,
        lambda n, T, A: 0.5 - 0.3 / np.sqrt(n) - 0.6 / np.sqrt(n * T) + 0.4 * np.sqrt(A),
    )


def few(power, seed=4):
    """Return few noisy points, which bend the valley of the loss."""
    x = np.geomspace(10, 100, 12)
    return {"n": x, "y": 0.2 + 3 / np.sqrt(x) + 0.05 * np.random.default_rng(seed).standard_normal(12)}


def test_gauss_newton_of_a_linear_form_is_the_textbook(b_rows):
    law = fit_law(b_rows, B_FORM, target="y", level=0.95)
    n, tasks, ami, y = (b_rows[name] for name in "nTAy")
    design = np.stack([np.ones(300), n**-0.5, (n * tasks) ** -0.5, ami**0.5], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    best = inverse @ design.T @ y
    covariance = ((y - design @ best) ** 2).sum() / 296 * inverse
    assert law.covariance == pytest.approx(covariance, rel=1e-8)
    for k, name in enumerate("abce"):
        reach = t(296).ppf(0.975) * np.sqrt(covariance[k, k])
        estimate = law.estimates[name]
        assert (estimate.low, estimate.high) == pytest.approx((best[k] - reach, best[k] + reach), rel=1e-8)


def test_profile_of_a_linear_form_is_gauss_newton(b_rows):
    plain, profile = (
        fit_law(b_rows, B_FORM, target="y", intervals=i) for i in (GaussNewton(), ProfileLikelihood())
    )
    for name, estimate in plain.estimates.items():
        # The ends are found to a ten-thousandth of the half width.
        margin = 2e-4 * (estimate.high - estimate.value)
        assert profile.estimates[name].low == pytest.approx(estimate.low, abs=margin)
        assert profile.estimates[name].high == pytest.approx(estimate.high, abs=margin)


def test_profile_of_a_bent_valley_is_where_the_refitted_loss_says(power):
    form, _ = power
    rows = few(power)
    law = fit_law(rows, form, target="y", intervals=ProfileLikelihood())
    n, y = rows["n"], rows["y"]
    allowed = t(9).ppf(0.95) ** 2 * law.noise**2

    def rise(alpha):
        design = np.stack([np.ones(12), n**-alpha], axis=1)
        best = np.linalg.lstsq(design, y, rcond=None)[0]
        return ((y - design @ best) ** 2).sum() - 9 * law.noise**2 - allowed

    alpha = law.estimates["alpha"]
    assert alpha.low == pytest.approx(brentq(rise, 1e-3, alpha.value), abs=1e-3)
    assert alpha.high == pytest.approx(brentq(rise, alpha.value, 4), abs=1e-3)

    def rise_of_b(b):
        start = [law.estimates["a"].value, alpha.value]
        best = least_squares(lambda p: p[0] + b * n ** -p[1] - y, start, xtol=1e-14)
        return 2 * best.cost - 9 * law.noise**2 - allowed

    b = law.estimates["b"]
    assert b.high == pytest.approx(brentq(rise_of_b, b.value, 50), rel=1e-3)
    # Such a valley is not symmetric, as Gauss-Newton takes it to be.
    assert b.high - b.value > 2 * (b.value - b.low)


def test_profile_ends_at_a_bound_and_is_open_where_the_loss_never_gets_there(power, variables):
    x = np.geomspace(10, 100, 12)
    noisy = {"n": x, "y": 1 - 0.02 * np.log(x) + 0.05 * np.random.default_rng(1).standard_normal(12)}
    form = parse_form("a + b*n**-alpha", variables)
    law = fit_law(noisy, form, target="y", intervals=ProfileLikelihood())
    assert any(np.isinf([e.low, e.high]).any() for e in law.estimates.values())
    bounded, _ = power
    law = fit_law(few(power, 5), bounded, target="y", intervals=ProfileLikelihood(), level=0.9999)
    # At alpha = 0 itself the two terms are one; just above it they make a logarithm.
    assert law.estimates["alpha"].low == pytest.approx(0.0, abs=1e-6)


def test_profile_of_a_huber_fit_agrees_with_its_standard_errors(b_rows):
    law = fit_law(b_rows, B_FORM, target="y", loss=Huber(delta=0.03), intervals=ProfileLikelihood())
    plain = fit_law(b_rows, B_FORM, target="y", loss=Huber(delta=0.03))
    for name, estimate in plain.estimates.items():
        width = estimate.high - estimate.low
        assert law.estimates[name].high - law.estimates[name].low == pytest.approx(width, rel=0.1)


def test_bootstrap_of_even_noise_agrees_with_gauss_newton(b_rows):
    plain = fit_law(b_rows, B_FORM, target="y")
    law = fit_law(b_rows, B_FORM, target="y", intervals=Bootstrap(rng=np.random.default_rng(1), draws=1000))
    for name, estimate in plain.estimates.items():
        # The spread of 1000 draws is known to 2 percent, that of 300 rows to 4: 4.5 of both together.
        assert law.estimates[name].stderr == pytest.approx(estimate.stderr, rel=0.2)
        assert law.estimates[name].value == estimate.value
    assert law.covariance.shape == (4, 4)


def test_bootstrap_over_groups_sees_noise_that_rows_share(variables):
    # 30 groups of 8 rows at one n: the mean of a group is one measurement, so the truth is the fit to means.
    # The spread of 30 groups is known to 1/sqrt(60) = 13 percent: 3.5 of them.
    rng = np.random.default_rng(2)
    group = np.repeat(np.arange(30), 8)
    n = np.geomspace(1, 100, 30)[group]
    y = 1 + 2 / np.sqrt(n) + 0.1 * rng.standard_normal(30)[group] + 0.01 * rng.standard_normal(240)
    form = parse_form("a + b/sqrt(n)", variables)
    rows = {"n": n, "y": y}
    means = {name: values.reshape(30, 8).mean(axis=1) for name, values in rows.items()}
    truth = fit_law(means, form, target="y")
    by_rows, by_groups = (
        fit_law(rows, form, target="y", intervals=Bootstrap(rng=np.random.default_rng(3), groups=labels))
        for labels in (None, group)
    )
    for name in "ab":
        assert by_groups.estimates[name].stderr == pytest.approx(truth.estimates[name].stderr, rel=0.45)
        assert by_rows.estimates[name].stderr < truth.estimates[name].stderr / 2


def test_same_generator_gives_the_same_bootstrap(power):
    form, rows = power
    first, second = (
        fit_law(rows(0), form, target="y", intervals=Bootstrap(rng=np.random.default_rng(5), draws=50))
        for _ in range(2)
    )
    assert first.to_json() == second.to_json()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"draws": 10}, "draws must be an integer of at least 50"),
        ({"groups": [1, 2]}, r"groups has shape \(2,\) for 40 rows"),
        ({"groups": np.zeros(40)}, "one label only"),
    ],
)
def test_bootstraps_that_cannot_be_drawn_are_refused(arguments, message, power):
    form, rows = power
    with pytest.raises(ValueError, match=message):
        fit_law(rows(0), form, target="y", intervals=Bootstrap(rng=np.random.default_rng(0), **arguments))
