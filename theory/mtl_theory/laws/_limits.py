"""What a law must obey: identities, built into a form, and inequalities, kept while fitting."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import sympy as sp

from mtl_theory.laws._form import Form, with_symbols

if TYPE_CHECKING:
    pass

Value = Any  # a SymPy expression or a number


class Limit(Protocol):
    """Something that a law must obey."""

    def residuals(self, form: Form) -> tuple[Any, ...]:
        """Return expressions that must vanish for all values of the variables."""

    def margins(self, form: Form) -> tuple[Any, ...]:
        """Return expressions that must not be negative on the domain."""


@dataclass(frozen=True, kw_only=True)
class Tends:
    """The law tends to `value` as `variable` tends to `to`: for instance to single-task error at infinite T.

    `value` is an expression in the other variables and in parameters of the form, or a number.
    """

    variable: str
    to: Value = inf
    value: Value

    def residuals(self, form: Form) -> tuple[Any, ...]:
        """Return the limit less its value."""
        side = "-" if self.to == inf else "+"
        try:
            limit = sp.limit(form.expression, _symbol(form, self.variable), sp.sympify(self.to), side)
        except NotImplementedError:  # the sign of a parameter decides
            limit = sp.nan
        if limit.has(sp.Limit, sp.oo, sp.zoo, sp.nan):
            raise ValueError(
                f"{form.name} has no finite limit at {self.variable} = {self.to} for all parameters; "
                "write exponents as numbers, or bound them, for instance with low=0."
            )
        return (limit - with_symbols(sp.sympify(self.value), form.symbols),)

    def margins(self, form: Form) -> tuple[Any, ...]:
        """Return nothing: this is an identity."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Equals:
    """The law equals `expression` at `at`: at T = 1 the single-task law, at r = T no transfer.

    `at` maps variables to numbers or to expressions in other variables.
    """

    at: Mapping[str, Value]
    expression: Value

    def residuals(self, form: Form) -> tuple[Any, ...]:
        """Return the form at `at` less the expression."""
        expected = with_symbols(sp.sympify(self.expression), form.symbols)
        return (_at(form, self.at) - expected,)

    def margins(self, form: Form) -> tuple[Any, ...]:
        """Return nothing: this is an identity."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Coincides:
    """The law at `at` equals itself at `elsewhere`: with AMI = 1, T tasks of n are one task of n T.

    That example is `Coincides(at={"A": 1}, elsewhere={"A": 1, "n": n * T, "T": 1})`.
    """

    at: Mapping[str, Value]
    elsewhere: Mapping[str, Value]

    def residuals(self, form: Form) -> tuple[Any, ...]:
        """Return the difference between the two places."""
        return (_at(form, self.at) - _at(form, self.elsewhere),)

    def margins(self, form: Form) -> tuple[Any, ...]:
        """Return nothing: this is an identity."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Monotone:
    """The law never falls, or never rises, as `variable` grows inside the domain."""

    variable: str
    increasing: bool

    def residuals(self, form: Form) -> tuple[Any, ...]:
        """Return nothing: this is an inequality."""
        return ()

    def margins(self, form: Form) -> tuple[Any, ...]:
        """Return the slope, with the sign that must not turn."""
        slope = sp.diff(form.expression, _symbol(form, self.variable))
        return (slope if self.increasing else -slope,)


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """The law stays in [`low`, `high`] inside the domain."""

    low: float = field(default=-inf)
    high: float = field(default=inf)

    def residuals(self, form: Form) -> tuple[Any, ...]:
        """Return nothing: this is an inequality."""
        return ()

    def margins(self, form: Form) -> tuple[Any, ...]:
        """Return the distances to the finite ends."""
        below, above = form.expression - self.low, self.high - form.expression
        return tuple(m for m, end in ((below, self.low), (above, self.high)) if np.isfinite(end))


def impose(form: Form) -> Form:
    """Return `form` with its identities built in: amplitudes that they determine are replaced.

    The identities must hold for all values of the variables, so the coefficient of every function of the
    variables in them must vanish; these equations are solved for amplitudes, in the order of `parameters`.

    Raises
    ------
    ValueError
        When the identities cannot be met by choosing amplitudes.

    >>> from mtl_theory.laws import Kind, Variable, parse_form
    >>> n = Variable(name="n", kind=Kind.POSITIVE)
    >>> impose(parse_form("a + b/sqrt(n)", [n], limits=[Tends(variable="n", value=1)])).expression
    b/sqrt(n) + 1
    """
    equations = [e for limit in form.limits for r in limit.residuals(form) for e in _coefficients(r, form)]
    if not equations:
        return form
    unknowns = [p.symbol for p in form.amplitudes]
    solutions = sp.solve(equations, unknowns, dict=True) if unknowns else []
    if not solutions:
        raise ValueError(
            f"{form.name} cannot obey its limits: {[sp.Eq(e, 0, evaluate=False) for e in equations]} has no "
            "solution in the amplitudes; fix an exponent, or drop a limit."
        )
    expression = form.expression.subs(solutions[0])
    left = {symbol.name for symbol in expression.free_symbols}
    return replace(
        form,
        expression=expression,
        parameters=tuple(p for p in form.parameters if p.name in left),
        variables=tuple(v for v in form.variables if v.name in left),
    )


def _symbol(form: Form, variable: str) -> Any:
    """Return the symbol of a variable; of one that the form lacks, a symbol on which it does not depend."""
    return form.symbols.get(variable, sp.Symbol(variable))


def _at(form: Form, place: Mapping[str, Value]) -> Any:
    """Return the expression with variables replaced, all at once."""
    swaps = {_symbol(form, name): with_symbols(sp.sympify(v), form.symbols) for name, v in place.items()}
    return form.expression.subs(swaps, simultaneous=True)


def _coefficients(residual: Any, form: Form) -> list[Any]:
    """Return what multiplies each function of the variables in `residual`."""
    symbols = [variable.symbol for variable in form.variables]
    gathered: dict[Any, Any] = {}
    for term in sp.Add.make_args(sp.expand(residual)):
        constant, function = term.as_independent(*symbols, as_Add=False)
        gathered[function] = gathered.get(function, 0) + constant
    return [c for c in (sp.simplify(constant) for constant in gathered.values()) if c != 0]
