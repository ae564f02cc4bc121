"""Forms: what is linear in them, how they are read from text, when two of them are the same."""

import pytest
import sympy as sp

from mtl_theory.laws import (
    B_FORM,
    CHINCHILLA,
    MAURER,
    POOLED,
    UNBALANCED,
    Form,
    Kind,
    Parameter,
    Variable,
    parse_form,
    same_skeleton,
    skeleton,
)

X, Z = Variable(name="x", kind=Kind.POSITIVE), Variable(name="z", kind=Kind.UNIT)


def names(parameters):
    return [parameter.name for parameter in parameters]


@pytest.mark.parametrize(
    "text, amplitudes, exponents",
    [
        ("a + b*x", ["a", "b"], []),
        ("a + b*x**-p", ["a", "b"], ["p"]),
        ("a*(b + c*x)", ["b", "c"], ["a"]),
        ("a*exp(-x/t) + a*b", ["b"], ["a", "t"]),
        ("a**2*x", [], ["a"]),
        ("(a + x)**2 - a**2", ["a"], []),
        ("x**p", [], ["p"]),
    ],
)
def test_amplitudes_are_the_jointly_linear_parameters(text, amplitudes, exponents):
    form = parse_form(text, [X])
    assert sorted(names(form.amplitudes)) == amplitudes
    assert sorted(names(form.exponents)) == exponents


@pytest.mark.parametrize("form", [MAURER, B_FORM, POOLED, UNBALANCED, CHINCHILLA], ids=lambda f: f.name)
def test_named_forms_have_a_source_and_are_linear_but_for_their_exponents(form):
    assert form.source
    assert {p.name for p in form.exponents} == {"k", "p", "alpha", "beta"} & {p.name for p in form.parameters}


def test_symbols_of_a_form_carry_the_assumptions_of_its_variables():
    loose = sp.Symbol("a") * sp.sqrt(sp.Symbol("x") ** 2)
    form = Form(name="f", expression=loose, variables=(X,), parameters=(Parameter(name="a"),))
    assert form.expression.diff(X.symbol) == form.symbols["a"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a + b*x^-0.5", lambda a, b, x: a + b / sp.sqrt(x)),
        ("-a*log(x)/2 + +b", lambda a, b, x: b - a * sp.log(x) / 2),
        ("a*sqrt(x)*exp(-x/b)", lambda a, b, x: a * sp.sqrt(x) * sp.exp(-x / b)),
        ("a*1e-3 + b*x", lambda a, b, x: a / 1000 + b * x),
    ],
)
def test_text_becomes_the_formula(text, expected):
    form = parse_form(text, [X, Z])
    assert form.variables == (X,)
    assert form.expression == expected(*(form.symbols[name] for name in "abx"))


@pytest.mark.parametrize(
    "text, message",
    [
        ("a +", "cannot read the formula"),
        ("__import__('os')", "cannot read"),
        ("x.real + a", "cannot read 'x.real'"),
        ("a if x else b", "cannot read"),
        ("gamma(x)*a", r"cannot read 'gamma\(x\)'"),
        ("a // x", "none of"),
        ("a*True", "cannot read 'True'"),
    ],
)
def test_text_that_is_no_formula_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_form(text, [X])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"parameters": ()}, r"\['a'\] are neither variable nor parameter"),
        ({"parameters": (Parameter(name="a"), Parameter(name="b"))}, r"does not depend on \['b'\]"),
        ({"parameters": (Parameter(name="a"), Parameter(name="x"))}, r"\['x'\] are named twice"),
    ],
)
def test_forms_that_do_not_fit_their_symbols_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Form(**{"name": "f", "expression": sp.sympify("a*x"), "variables": (X,), **arguments})


@pytest.mark.parametrize(
    "bounds", [{"low": 1.0, "high": 1.0}, {"low": float("nan")}, {"low": 0.0, "start": -1.0}]
)
def test_impossible_bounds_are_refused(bounds):
    with pytest.raises(ValueError, match=r"pass low < high|outside"):
        Parameter(name="a", **bounds)


@pytest.mark.parametrize(
    "first, second, same",
    [
        ("a + b/sqrt(x)", "u - 3*v*x**-0.5", True),
        ("a + b/sqrt(x)", "(u*sqrt(x) + v)/sqrt(x)", True),
        ("a*(1 + k*x*z)**-p", "b*(2 + m*z*x)**q", True),
        ("a*exp(-x/t)", "exp(b + c*x)", True),
        ("a*log(2*x) + b", "c*log(x) + e", True),
        ("a*x + b*x", "c*x", True),
        ("a + b/sqrt(x)", "a + b/x", False),
        ("a + b/sqrt(x)", "a + b*x**-p", False),
        ("a + b*x", "b*x", False),
        ("a*sqrt(x)*z", "a*sqrt(z)*x", False),
        ("a*x - b*z", "a*x", False),
    ],
)
def test_laws_are_the_same_up_to_their_constants(first, second, same):
    laws = parse_form(first, [X, Z]), parse_form(second, [X, Z])
    assert same_skeleton(*laws) is same
    assert same_skeleton(*laws[::-1]) is same


def test_decimal_halves_in_exponents_are_structure_and_other_decimals_are_not():
    x = X.symbol
    assert skeleton(1.2 * x**-0.5) == skeleton(3 / sp.sqrt(x))
    assert skeleton(x**0.347) == skeleton(7 * x**-1.02) != skeleton(sp.sqrt(x))
