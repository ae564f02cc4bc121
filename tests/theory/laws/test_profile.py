"""Profiles of exponents: against refits one by one, and against the truth."""

import numpy as np
import pytest

from mtl_theory.laws import Kind, ProfileLikelihood, Variable, exponent_profiles, fit_law, parse_form

VARIABLES = [Variable(name="n", kind=Kind.POSITIVE), Variable(name="A", kind=Kind.UNIT)]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    n, A = rng.uniform(10, 1000, 80), rng.uniform(0.1, 1.0, 80)
    return {"n": n, "A": A, "y": 0.2 + 3 * n**-0.5 + 0.5 * A + 0.03 * rng.standard_normal(80)}


def fitted(rows, text, **more):
    return fit_law(rows, parse_form(text, VARIABLES), target="y", **more)


def test_an_estimated_exponent_has_the_interval_of_profile_likelihood(rows):
    law = fitted(rows, "a + b*n**-p + c*A", intervals=ProfileLikelihood())
    profile = next(p for p in exponent_profiles(law, rows) if p.fixed is None)
    estimate = law.estimates["p"]
    assert profile.label == "p" and profile.best == pytest.approx(estimate.value, rel=1e-5)
    # 41 values a profile, between which the root of the rise is taken as linear.
    assert profile.interval == pytest.approx((estimate.low, estimate.high), rel=2e-3)


def test_the_rise_is_that_of_refits_with_the_exponent_held(rows):
    law = fitted(rows, "a + b*n**-0.5 + c*A")
    profiles = {p.label: p for p in exponent_profiles(law, rows, count=5)}
    assert sorted(profiles) == ["power of A", "power of n"]
    profile = profiles["power of n"]
    assert profile.fixed == -0.5
    free = fitted(rows, "a + b*n**p + c*A")
    variance = 80 * free.scores.rmse**2 / (80 - 4)
    for value, rise in zip(profile.values.tolist(), profile.rise, strict=True):
        held = fitted(rows, f"a + b*n**({value!r}) + c*A")
        expected = 40 * (held.scores.rmse**2 - free.scores.rmse**2) / variance
        assert rise == pytest.approx(expected, abs=1e-6)


def test_the_truth_is_inside_and_a_wrong_power_is_not(rows):
    for text, inside in (("a + b*n**-0.5 + c*A", True), ("a + b*n**-1 + c*A", False)):
        profile = next(p for p in exponent_profiles(fitted(rows, text), rows) if p.label == "power of n")
        low, high = profile.interval
        assert low < -0.5 < high
        assert (low < profile.fixed < high) is inside


def test_an_exponent_that_the_rows_do_not_see_has_no_profile(rows):
    flat = {**rows, "n": np.full(80, 100.0)}
    law = fitted(flat, "b*n**-0.5 + c*A")
    assert [p.label for p in exponent_profiles(law, flat)] == ["power of A"]


def test_weights_count(rows):
    law = fitted(rows, "a + b*n**-0.5 + c*A")
    heavy = np.where(rows["n"] < 100, 10.0, 1.0)
    plain, weighted = (exponent_profiles(law, rows, weights=w)[0].interval for w in (None, heavy))
    assert plain != pytest.approx(weighted, rel=1e-3)
