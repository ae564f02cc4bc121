"""When two laws have the same structure."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import sympy as sp

from mtl_theory.laws._form import Form

if TYPE_CHECKING:
    from mtl_theory.laws._law import Law

CONSTANT = sp.Symbol("_c", positive=True)


def same_skeleton(first: "Form | Law", second: "Form | Law") -> bool:
    """Whether two laws are equal up to the values of their constants.

    >>> from mtl_theory.laws import Kind, Variable, parse_form
    >>> n = Variable(name="n", kind=Kind.POSITIVE)
    >>> same_skeleton(parse_form("a + b/sqrt(4*n)", [n]), parse_form("(u*sqrt(n) + v)/sqrt(n)", [n]))
    True
    >>> same_skeleton(parse_form("a + b/sqrt(n)", [n]), parse_form("a + b/n", [n]))
    False
    """
    return bool(_of(first) == _of(second))


def skeleton(expression: Any, constants: Collection[Any] = ()) -> Any:
    """Return the structure of `expression`: everything that a fit could change is one symbol or is left out.

    Constants are numbers and the symbols in `constants`; coefficients are left out, other constants become
    the same symbol. Integers and fractions are structure where they are exponents.

    >>> n = sp.Symbol("n", positive=True)
    >>> skeleton(2 + 0.3 / sp.sqrt(n)), skeleton(n**0.347)
    (_c + 1/sqrt(n), n**_c)
    """
    return _canonical(sp.expand(sp.expand_log(expression, force=True)), frozenset(constants))


def _of(law: "Form | Law") -> Any:
    form = law if isinstance(law, Form) else law.form
    return skeleton(form.expression, [parameter.symbol for parameter in form.parameters])


def _canonical(expression: Any, constants: frozenset[Any]) -> Any:
    if expression.free_symbols <= constants:
        return CONSTANT
    if expression.is_Symbol:
        return expression
    parts = [_canonical(part, constants) for part in expression.args]
    if expression.is_Add:
        # Equal structures in a sum are one term: c f + c f is c f.
        return sp.Add(*dict.fromkeys(parts))
    if expression.is_Mul:
        return sp.Mul(*(part for part in parts if part != CONSTANT))
    if expression.is_Pow:
        return sp.Pow(parts[0], _exponent(expression.exp, constants))
    if isinstance(expression, sp.exp):
        return sp.Pow(CONSTANT, parts[0])
    return expression.func(*parts)


def _exponent(exponent: Any, constants: frozenset[Any]) -> Any:
    """Return a fixed exponent as it is, decimals that are integers or halves as such."""
    if exponent.is_Rational:
        return exponent
    if exponent.is_Float and float(2 * exponent).is_integer():
        return sp.Rational(round(2 * float(exponent)), 2)
    return _canonical(exponent, constants)
