"""Laws as JSON: every bit comes back, and nothing that is read is executed."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
import sympy as sp

from mtl_theory.laws import (
    B_FORM,
    CHINCHILLA,
    POOLED,
    UNBALANCED,
    Bounded,
    Coincides,
    Equals,
    Huber,
    Kind,
    Law,
    Monotone,
    Tends,
    Variable,
    fit_expression,
    fit_law,
    parse_form,
)
from mtl_theory.laws._separable import separate

n, T = sp.symbols("n T")
LIMITED = parse_form(
    "a + b*n**-p + c*tanh(T)/n + max(n, 3)*e",
    [Variable(name="n", kind=Kind.POSITIVE, unit="samples"), Variable(name="T")],
    limits=[
        Bounded(low=-100.0),
        Monotone(variable="T", increasing=False),
    ],
)


def law_of(form, seed=0):
    """Return a law fitted to noise around an arbitrary point of the form."""
    rng = np.random.default_rng(seed)
    rows = {
        v.name: rng.uniform(0, 1, 80) if v.kind is Kind.UNIT else rng.uniform(1, 30, 80)
        for v in form.variables
    }
    compiled = separate(form)
    columns = np.stack([rows[v.name] for v in form.variables])
    clean = compiled.evaluate(columns, np.full((1, len(compiled.order)), 0.5))[0][0]
    return fit_law(rows | {"y": clean + 1e-3 * rng.standard_normal(80)}, form, target="y")


def assert_same(first: Law, second: Law) -> None:
    for field in fields(Law):
        if field.name == "covariance":
            assert (first.covariance == second.covariance).all()
        else:
            assert getattr(first, field.name) == getattr(second, field.name), field.name
    assert sp.srepr(first.expression) == sp.srepr(second.expression)


@pytest.mark.parametrize("form", [B_FORM, POOLED, UNBALANCED, CHINCHILLA, LIMITED], ids=lambda f: f.name)
def test_round_trip_is_exact(form):
    law = law_of(form)
    again = Law.from_json(law.to_json())
    assert_same(law, again)
    assert again.to_json() == law.to_json()
    points = {v.name: [0.3, 0.7] if v.kind is Kind.UNIT else [2.3, 7.1] for v in form.variables}
    assert (again.predict(points) == law.predict(points)).all()


def test_identities_survive(power):
    form, rows = power
    limits = (
        Tends(variable="n", value=sp.Rational(1, 5)),
        Equals(at={"n": 1.0}, expression=sp.Symbol("b") + sp.Float("0.2") + 0 * n),
    )
    law = fit_law(rows(0), replace(form, limits=limits[:1]), target="y")
    assert_same(law, Law.from_json(law.to_json()))
    law = fit_law(rows(0), form, target="y")
    law = replace(law, form=replace(form, limits=(*limits, Coincides(at={"n": 1}, elsewhere={"n": n**2}))))
    again = Law.from_json(law.to_json())
    assert again.to_json() == law.to_json()
    assert again.form.limits[2].elsewhere["n"] == law.form.symbols["n"] ** 2


def test_infinite_errors_and_known_noise_survive(power):
    form, rows = power
    x = Variable(name="x", kind=Kind.POSITIVE)
    grid = np.linspace(1, 2, 20)
    law = fit_expression(0.4 * (1.3 + 2.7 * x.symbol**-0.5) ** 0.9, [x], grid[:, None], 1 + grid**-0.5)
    assert np.isinf(law.covariance).any()
    assert_same(law, Law.from_json(law.to_json()))
    known = fit_law(rows(0), form, target="y", noise=0.02, loss=Huber(delta=0.05))
    assert_same(known, Law.from_json(known.to_json()))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}', "null"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="not a saved law"):
        Law.from_json(text)


@pytest.mark.parametrize(
    "tree", [["__import__", ["symbol", "os"]], ["Lambda"], "os.system('true')", ["symbol"]]
)
def test_unknown_heads_are_refused_not_run(power, tree):
    form, rows = power
    record = json.loads(fit_law(rows(0), form, target="y").to_json())
    record["form"]["expression"] = tree
    with pytest.raises(ValueError, match="not a saved law: unknown expression"):
        Law.from_json(json.dumps(record))


def test_functions_that_cannot_be_saved_are_named(power):
    form, rows = power
    law = fit_law(rows(0), form, target="y")
    strange = replace(form, expression=form.expression + 0.1 * sp.besselj(0, form.symbols["n"]))
    with pytest.raises(ValueError, match="cannot save the function besselj"):
        replace(law, form=strange).to_json()
