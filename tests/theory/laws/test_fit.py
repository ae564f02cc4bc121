"""Fits: published constants, planted laws, coverage, weights, refusals."""

import pickle

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from mtl_theory.laws import (
    B_FORM,
    POOLED,
    Failure,
    FitError,
    Parameter,
    fit_expression,
    fit_law,
    parse_form,
)

EXPONENTS = [Parameter(name=name, low=0.0, high=4.0) for name in "pqr"]


def test_b_form_on_the_published_points_has_the_published_constants(balanced):
    rows = balanced[(balanced["T"] > 1) & (balanced["A"] > 0)]
    law = fit_law(rows, B_FORM, target="fscore")
    assert law.n_points == 849
    assert [law.estimates[name].value for name in "abce"] == pytest.approx(
        [0.532, -0.260, -0.696, 0.447], abs=0.005
    )
    assert law.scores.r2 == pytest.approx(0.933, abs=0.002)


def test_integer_exponents_fit_the_published_points_worse(balanced, variables):
    rows = balanced[(balanced["T"] > 1) & (balanced["A"] > 0)]
    law = fit_law(rows, parse_form("a + b/n + c/(n*T) + e*A", variables), target="fscore")
    assert law.scores.r2 == pytest.approx(0.900, abs=0.001)


def test_free_exponents_on_the_published_points(balanced, variables):
    rows = balanced[(balanced["T"] > 1) & (balanced["A"] > 0)]
    law = fit_law(rows, parse_form("a + n**-p*(b + c*T**-q) + e*A**r", variables), target="fscore")
    assert [law.estimates[name].value for name in "pqr"] == pytest.approx([0.35, 0.12, 0.61], abs=0.006)
    assert law.scores.r2 == pytest.approx(0.9358, abs=0.0005)


def test_pooled_form_on_all_published_points(balanced):
    law = fit_law(balanced, POOLED, target="fscore")
    assert [law.estimates[name].value for name in ("f0", "b", "k", "p")] == pytest.approx(
        [1.83, 1.79, 0.71, 0.15], abs=0.01
    )
    assert law.scores.r2 == pytest.approx(0.924, abs=0.001)


PLANTED = {
    "P": (
        "a + b*n**-p + c*A**r*T**-q",
        lambda n, T, A: 0.2 - 0.3 / np.sqrt(n) + 0.6 * np.sqrt(A / T),
        0.03,
    ),
    "B": (
        "a + n**-p*(b + c*T**-q) + e*A**r",
        lambda n, T, A: 0.53 - 0.26 / np.sqrt(n) - 0.70 / np.sqrt(n * T) + 0.45 * np.sqrt(A),
        0.01,
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_exponents_of_planted_laws_come_back(name, planted, variables):
    # Twenty data sets of 1000 points: means within 4.5 standard errors, P(false alarm) < 1e-5 each; and the
    # reported errors are the spread that is measured, within 5 standard errors of a standard deviation of 20.
    text, law, noise = PLANTED[name]
    form = parse_form(text, variables, parameters=EXPONENTS)
    rng = np.random.default_rng(8)
    fits = [fit_law(planted(rng, 1000, noise, law), form, target="y") for _ in range(20)]
    values = np.array([[fit.estimates[k].value for k in "pqr"] for fit in fits])
    errors = np.array([[fit.estimates[k].stderr for k in "pqr"] for fit in fits]).mean(axis=0)
    assert (np.abs(values.mean(axis=0) - 0.5) < 4.5 * errors / np.sqrt(20)).all()
    spread = values.std(axis=0, ddof=1)
    assert (np.abs(spread / errors - 1) < 5 / np.sqrt(2 * 19)).all()


def test_intervals_cover_at_their_level(power):
    # 400 data sets: a coverage of 0.9 has a standard error of 0.015, so [0.85, 0.95] is 3.3 of them:
    # P(false alarm) = 1e-3 a parameter.
    form, rows = power
    truth = {"a": 0.2, "b": 3.0, "alpha": 0.5}
    fits = [fit_law(rows(seed), form, target="y", n_starts=4) for seed in range(400)]
    for name, value in truth.items():
        inside = [fit.estimates[name].low <= value <= fit.estimates[name].high for fit in fits]
        assert 0.85 <= np.mean(inside) <= 0.95, name
    # The coverage is that of Student's t: the scaled errors of a parameter follow it.
    scaled = [(fit.estimates["alpha"].value - 0.5) / fit.estimates["alpha"].stderr for fit in fits]
    assert stats.kstest(scaled, stats.t(37).cdf).pvalue > 1e-4


def test_integer_weights_are_repeated_rows(power):
    form, rows = power
    points = rows(0)
    counts = np.random.default_rng(1).integers(1, 4, 40)
    weighted = fit_law(points | {"w": counts}, form, target="y", weights="w")
    repeated = fit_law({k: np.repeat(v, counts) for k, v in points.items()}, form, target="y")
    for name in weighted.estimates:
        assert weighted.estimates[name].value == pytest.approx(repeated.estimates[name].value, rel=1e-7)
    assert weighted.scores.r2 == pytest.approx(repeated.scores.r2, rel=1e-9)


def test_known_noise_sets_the_errors_whatever_the_residuals(power, variables):
    form, rows = power
    points = rows(0)
    spread = np.linspace(0.5, 2.0, 40)
    relative = fit_law(points, form, target="y", weights=spread**-2)
    once, twice = (fit_law(points, form, target="y", noise=c * 0.02 * spread) for c in (1, 2))
    for name, estimate in relative.estimates.items():
        assert once.estimates[name].value == pytest.approx(estimate.value, rel=1e-7)
        assert twice.estimates[name].stderr == pytest.approx(2 * once.estimates[name].stderr, rel=1e-7)
    line = parse_form("a + b/sqrt(n)", variables)
    law = fit_law(points, line, target="y", noise=0.02)
    design = np.stack([np.ones(40), points["n"] ** -0.5], axis=1)
    exact = 0.02 * np.sqrt(np.diagonal(np.linalg.inv(design.T @ design)))
    assert [law.estimates[name].stderr for name in "ab"] == pytest.approx(exact, rel=1e-9)
    reach = stats.norm.ppf(0.95) * exact[0]
    assert law.estimates["a"].high - law.estimates["a"].value == pytest.approx(reach, rel=1e-9)


def test_same_rows_give_the_same_law(power):
    form, rows = power
    assert fit_law(rows(3), form, target="y").to_json() == fit_law(rows(3), form, target="y").to_json()


X = np.geomspace(10, 1000, 40)


@pytest.mark.parametrize(
    "text, parameters, y, failure, detail",
    [
        ("a + b*n**-p", [], X[:3], Failure.TOO_FEW_ROWS, "needs 4 rows or more, got 3"),
        ("a*log(-n)", [], X, Failure.NON_FINITE, "no finite residuals"),
        ("a + c + b*n**-p", [], 1 + X**-0.5, Failure.UNIDENTIFIABLE, "a, c can move together"),
        ("a*b*n**-p", [], X**-0.5, Failure.UNIDENTIFIABLE, "a, b can move together"),
        (
            "a + b*n**-p",
            [Parameter(name="p", low=0.0, high=5.0)],
            1 - 0.1 * np.log(X),
            Failure.AT_BOUND,
            "its bound 0",
        ),
        (
            "a + b*n**-p",
            [Parameter(name="p", low=0, high=0.4)],
            X**-0.5,
            Failure.AT_BOUND,
            "p = 0.4, its bound 0.4",
        ),
        ("a + b*n", [Parameter(name="b", low=0.0)], 2 - X, Failure.AT_BOUND, "b = -1, its bound 0"),
        # The valley ends where 1 - exp(-n t) is rounding.
        ("a*(1 - exp(-n*t))/t", [], X, Failure.NOT_CONVERGED, "still improving at a = 1, t ="),
        ("b*n/(n + h)", [], 1e-3 * X + 5e-10 * X**2, Failure.AT_EDGE, "h ran to"),
    ],
)
def test_fits_that_cannot_be_trusted_say_why(text, parameters, y, failure, detail, variables):
    form = parse_form(text, variables, parameters=parameters)
    with pytest.raises(FitError, match=detail) as caught:
        fit_law({"n": X[: len(y)], "y": y}, form, target="y")
    assert caught.value.failure is failure
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and again.failure is failure


def test_too_few_distinct_points_are_unidentifiable(variables):
    n = np.repeat([10.0, 20.0], 10)
    y = n + np.random.default_rng(0).standard_normal(20)
    with pytest.raises(FitError) as caught:
        fit_law({"n": n, "y": y}, parse_form("a + b*n**-p", variables), target="y")
    assert caught.value.failure is Failure.UNIDENTIFIABLE


@pytest.mark.parametrize(
    "change, message",
    [
        ({"n": -X}, "n must be greater than 0"),
        ({"y": np.full(40, np.nan)}, "y holds NaN"),
        ({"y": X[:7]}, "y has 7 rows where the variables have 40"),
        ({"m": X, "n": None}, "no column 'n'|numeric"),
    ],
)
def test_rows_that_do_not_fit_are_refused(change, message, power):
    rows = {k: v for k, v in ({"n": X, "y": X} | change).items() if v is not None}
    with pytest.raises(ValueError, match=message):
        fit_law(rows, power[0], target="y")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"weights": np.zeros(40)}, "weights must be positive"),
        ({"weights": np.ones(7)}, r"one for each of the 40 rows, got shape \(7,\)"),
        ({"weights": np.ones(40), "noise": 1.0}, "not both"),
        ({"level": 1.0}, "level must lie"),
        ({"n_starts": 0}, "n_starts must be"),
    ],
)
def test_wrong_calls_are_refused(arguments, message, power):
    form, rows = power
    with pytest.raises(ValueError, match=message):
        fit_law(rows(0), form, target="y", **arguments)


def test_expression_is_refitted_to_the_same_optimum_as_its_form(power, variables):
    form, rows = power
    points = rows(5)
    n = variables[0].symbol
    rough = fit_expression(0.3 + 2.0 * n**-0.45, variables[:1], points["n"][:, None], points["y"])
    exact = fit_law(points, form, target="y")
    assert rough.predict(points) == pytest.approx(exact.predict(points), rel=1e-7)
    assert rough.scores.n_constants == 3
    assert rough.scores.description_length == pytest.approx(exact.scores.description_length, abs=1e-6)


def test_expression_keeps_its_integers_and_halves_and_counts_what_the_points_see(variables):
    n, tasks, _ = (v.symbol for v in variables)
    rng = np.random.default_rng(6)
    X2 = rng.uniform(1, 5, (50, 2))
    y = 1 + 2 / np.sqrt(X2[:, 0]) + 0.01 * rng.standard_normal(50)
    # A common factor can move between the inner constants and the outer one.
    redundant = 0.4 * (1.3 + 2.7 * n**-0.5) ** 0.9
    law = fit_expression(redundant, variables[:2], X2, y)
    assert law.scores.n_constants == 3 < len(law.estimates) == 4
    assert sum(np.isinf(e.stderr) for e in law.estimates.values()) == 3
    assert law.form.expression.has(1 / sp.sqrt(n))
    assert tasks not in law.expression.free_symbols


def test_constant_expression_is_the_weighted_mean(variables):
    y, weights = np.array([1.0, 2.0, 6.0]), np.array([1.0, 1.0, 2.0])
    law = fit_expression(0.7 + 0 * variables[0].symbol, variables[:1], np.ones((3, 1)), y, weights)
    assert law.expression == pytest.approx(3.75, rel=1e-9)


def test_expression_that_is_not_finite_is_refused(variables):
    with pytest.raises(FitError) as caught:
        fit_expression(1.1 * sp.log(-variables[0].symbol), variables[:1], np.ones((3, 1)), np.ones(3))
    assert caught.value.failure is Failure.NON_FINITE
