"""Limits: identities that are built in, inequalities that are kept."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import minimize

from mtl_theory.laws import (
    B_FORM,
    Bounded,
    Coincides,
    Equals,
    Failure,
    FitError,
    Monotone,
    Parameter,
    Tends,
    fit_law,
    impose,
    parse_form,
    violation,
)

a, b, n, T = sp.symbols("a b n T")


@pytest.mark.parametrize(
    "text, limit, expected",
    [
        ("a + b/sqrt(n)", Tends(variable="n", value=0), "b/sqrt(n)"),
        ("a + b*n**-p", Tends(variable="n", value=0.5), "0.5 + b*n**-p"),
        ("a + b/sqrt(n) + c/sqrt(n*T)", Tends(variable="T", value=b / sp.sqrt(n)), "b/sqrt(n) + c/sqrt(n*T)"),
        (
            "a + b/sqrt(n) + c/sqrt(n*T)",
            Equals(at={"T": 1}, expression=1 + 2 / sp.sqrt(n)),
            "1 + 2/sqrt(n) + c*(1/sqrt(n*T) - 1/sqrt(n))",
        ),
        (
            "a + b/sqrt(n) + sqrt(A)*(c + e/sqrt(T))",
            Equals(at={"T": 1}, expression=a + b / sp.sqrt(n)),
            "a + b/sqrt(n) + e*sqrt(A)*(1/sqrt(T) - 1)",
        ),
        # With the same labels everywhere T tasks of n are one task of n T.
        (
            "a + b/sqrt(n) + c/sqrt(n*T) + e*sqrt(A)/sqrt(n)",
            Coincides(at={"A": 1}, elsewhere={"A": 1, "n": n * T, "T": 1}),
            "a + c/sqrt(n*T) + e*(sqrt(A) - 1)/sqrt(n)",
        ),
        # Capacity of at least T: no transfer.
        ("a/n + b*(T - A)/n", Equals(at={"A": T}, expression=a / n), "a/n + b*(T - A)/n"),
    ],
)
def test_identities_are_solved_for_amplitudes(text, limit, expected, variables):
    exponents = [Parameter(name="p", low=0.0)] if "p" in text.replace("sqrt", "") else []
    form = parse_form(text, variables, limits=[limit], parameters=exponents)
    found, wanted = impose(form), parse_form(expected, variables, parameters=exponents)
    assert sp.simplify(found.expression - wanted.expression) == 0
    assert {p.name for p in found.parameters} == {p.name for p in wanted.parameters}
    assert impose(found).expression == found.expression


def test_a_fit_obeys_its_identities_where_a_free_one_does_not(planted, variables):
    rng = np.random.default_rng(1)
    rows = planted(rng, 200, 0.02, lambda n, T, A: 0.5 - 0.3 / np.sqrt(n) + 0.2 * np.sqrt(A) * (1 - T**-0.5))
    text = "a + b/sqrt(n) + sqrt(A)*(c + e/sqrt(T))"
    single = Equals(at={"T": 1}, expression=a + b / sp.sqrt(n))
    free = fit_law(rows, parse_form(text, variables), target="y")
    bound = fit_law(rows, parse_form(text, variables, limits=[single]), target="y")
    kept = Equals(
        at={"T": 1},
        expression=sp.Float(bound.estimates["a"].value) + sp.Float(bound.estimates["b"].value) / sp.sqrt(n),
    )
    assert violation(kept, bound) < 1e-12
    ami = {"n": np.full(5, 4.0), "T": np.ones(5), "A": np.linspace(0, 1, 5)}
    assert np.ptp(bound.predict(ami)) < 1e-12 < 1e-3 < np.ptp(free.predict(ami))
    assert len(bound.estimates) == len(free.estimates) - 1
    assert bound.estimates["e"].stderr < free.estimates["e"].stderr


def test_limits_that_no_amplitudes_meet_are_refused(variables):
    impossible = parse_form("a + n", variables, limits=[Equals(at={"n": 1}, expression=T)])
    with pytest.raises(ValueError, match="cannot obey its limits"):
        impose(replace(parse_form("a*n + T", variables), limits=(Equals(at={"n": 1}, expression=0),)))
    with pytest.raises(ValueError, match=r"\['T'\] are neither variable nor parameter"):
        impose(impossible)
    with pytest.raises(ValueError, match="no finite limit at n = inf"):
        impose(parse_form("a + b*n", variables, limits=[Tends(variable="n", value=0)]))


INEQUALITIES = {
    "bounded": (Bounded(low=0.32, high=0.8), lambda f, df: np.concatenate([f - 0.32, 0.8 - f])),
    "monotone": (Monotone(variable="n", increasing=False), lambda f, df: -df),
}


@pytest.mark.parametrize("name", INEQUALITIES)
def test_inequalities_are_kept_at_the_constrained_optimum(name, variables):
    limit, margin = INEQUALITIES[name]
    rng = np.random.default_rng(2)
    x = np.geomspace(1, 100, 60)
    y = 0.25 + 0.6 / np.sqrt(x) + (0.002 * x if name == "monotone" else 0) + 0.02 * rng.standard_normal(60)
    form = parse_form("a + b/sqrt(n) + c*n", variables)
    free = fit_law({"n": x, "y": y}, form, target="y")
    law = fit_law({"n": x, "y": y}, replace(form, limits=(limit,)), target="y")
    assert violation(limit, free) > 1e-4
    assert violation(limit, law) <= 1e-6

    grid = np.geomspace(1, 100, 300)

    def slack(p):
        return margin(p[0] + p[1] / np.sqrt(grid) + p[2] * grid, p[2] - p[1] / 2 * grid**-1.5)

    best = minimize(
        lambda p: ((p[0] + p[1] / np.sqrt(x) + p[2] * x - y) ** 2).sum() / 2,
        [0.4, 0.4, -1e-4],
        constraints={"type": "ineq", "fun": slack},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    cost = ((law.predict({"n": x}) - y) ** 2).sum() / 2
    assert cost == pytest.approx(best.fun, rel=1e-3)
    assert cost > ((free.predict({"n": x}) - y) ** 2).sum() / 2


def test_inequalities_that_hold_anyway_change_nothing(power):
    form, rows = power
    free = fit_law(rows(0), form, target="y")
    limits = (Monotone(variable="n", increasing=False), Bounded(low=0.0, high=2.0))
    kept = fit_law(rows(0), replace(form, limits=limits), target="y")
    assert kept.estimates == free.estimates


def test_a_limit_against_the_data_ends_at_a_bound_or_is_refused(power):
    form, rows = power
    with pytest.raises(FitError) as caught:
        fit_law(rows(0), replace(form, limits=(Monotone(variable="n", increasing=True),)), target="y")
    assert caught.value.failure in (Failure.AT_BOUND, Failure.UNIDENTIFIABLE, Failure.NOT_CONVERGED)


def test_violation_measures_what_is_broken(balanced):
    rows = balanced[(balanced["T"] > 1) & (balanced["A"] > 0)]
    law = fit_law(rows, B_FORM, target="fscore")
    assert violation(Monotone(variable="A", increasing=True), law) == 0
    assert violation(Monotone(variable="n", increasing=True), law) == 0
    values = law.predict({"n": [rows["n"].max()], "T": [15.0], "A": [1.0]})
    assert violation(Bounded(high=0.5), law) == pytest.approx(values[0] - 0.5, abs=1e-9)
    with pytest.raises(ValueError, match=r"speaks of \['q'\]"):
        violation(Equals(at={"T": 1}, expression=sp.Symbol("q")), law)
    limit = law.expression.subs(sp.Symbol("n", positive=True), sp.oo)
    assert violation(Tends(variable="n", value=limit), law) < 1e-12
