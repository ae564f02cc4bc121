"""Limits as text."""

import pytest
import sympy as sp

from mtl_theory.laws import (
    Bounded,
    Coincides,
    Equals,
    Kind,
    Monotone,
    Tends,
    Variable,
    impose,
    parse_form,
    parse_limits,
)

n, T, a, b = (sp.Symbol(name, real=True) for name in "nTab")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("increasing(n)", Monotone(variable="n", increasing=True)),
        ("decreasing( s )", Monotone(variable="s", increasing=False)),
        ("F >= 0", Bounded(low=0.0)),
        ("F<=1", Bounded(high=1.0)),
        ("n -> inf: 0.9", Tends(variable="n", to=sp.oo, value=sp.Rational(9, 10))),
        ("n->0: a", Tends(variable="n", to=0, value=a)),
        ("T = 1: a + b/sqrt(n)", Equals(at={"T": 1}, expression=a + b / sp.sqrt(n))),
        ("A = 1: n = n*T, T = 1", Coincides(at={"A": 1}, elsewhere={"A": 1, "n": n * T, "T": 1})),
    ],
)
def test_each_limit_is_read(text, limit):
    assert parse_limits(text, target="F") == (limit,)


def test_several_are_separated_by_semicolons():
    assert parse_limits(" ; F>=0; F<=1;", target="F") == (Bounded(low=0.0), Bounded(high=1.0))


def test_a_read_limit_can_be_imposed():
    variables = [Variable(name="n", kind=Kind.POSITIVE)]
    form = parse_form("a + b/n", variables, limits=parse_limits("n -> inf: 0.5", target="F"))
    assert [p.name for p in impose(form).parameters] == ["b"]


@pytest.mark.parametrize("text", ["n", "G <= 1", "F <= one + two", "T = : 3", "T: 3", "rising(n)"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match=r"cannot read|must be a number"):
        parse_limits(text, target="F")
