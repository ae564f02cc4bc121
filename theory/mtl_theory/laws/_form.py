"""A law before it is fitted: an expression in variables and parameters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from mtl_theory.laws._parsing import parse_expression
from mtl_theory.laws._variables import Parameter, Variable

if TYPE_CHECKING:
    from mtl_theory.laws._limits import Limit


@dataclass(frozen=True, kw_only=True)
class Form:
    """A law before it is fitted.

    The expression may be built from any SymPy symbols; those named like a variable or a parameter are
    replaced by theirs, so that assumptions always fit.

    Parameters
    ----------
    name
        What the form is called.
    expression
        SymPy expression of the target.
    variables, parameters
        Every free symbol of the expression is one of them.
    limits
        What the law must obey whatever its parameters.
    source
        Author, year and number, where the form comes from a paper.

    Raises
    ------
    ValueError
        On free symbols that are neither, on parameters that the expression lacks, on names used twice.
    """

    name: str
    expression: Any
    variables: tuple[Variable, ...]
    parameters: tuple[Parameter, ...]
    limits: "tuple[Limit, ...]" = ()
    source: str = ""

    def __post_init__(self) -> None:
        names = [item.name for item in self._items]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"{self.name}: {twice} are named twice; give every variable and parameter its name."
            )
        expression = with_symbols(sp.sympify(self.expression), self.symbols)
        free = {symbol.name for symbol in expression.free_symbols}
        if free - set(names):
            raise ValueError(
                f"{self.name}: {sorted(free - set(names))} are neither variable nor parameter; declare them."
            )
        idle = sorted({parameter.name for parameter in self.parameters} - free)
        if idle:
            raise ValueError(f"{self.name}: the expression does not depend on {idle}; leave them out.")
        object.__setattr__(self, "expression", expression)

    @property
    def symbols(self) -> dict[str, Any]:
        """The symbols of the variables and the parameters by name."""
        return {item.name: item.symbol for item in self._items}

    @property
    def _items(self) -> tuple[Variable | Parameter, ...]:
        return (*self.variables, *self.parameters)

    @cached_property
    def amplitudes(self) -> tuple[Parameter, ...]:
        """Parameters in which the expression is jointly linear, in the order of `parameters`.

        Where two of them multiply each other only one can count; the one in fewer such products does.
        """
        slopes = {p.name: sp.diff(self.expression, p.symbol) for p in self.parameters}
        rivals = {
            p.name: {
                q.name for q in self.parameters if slopes[p.name].has(q.symbol) and _curved(slopes, p, q)
            }
            for p in self.parameters
        }
        chosen: list[str] = []
        for name in sorted(rivals, key=lambda name: len(rivals[name])):
            # A parameter that is its own rival enters non-linearly.
            if name not in rivals[name] and not rivals[name] & set(chosen):
                chosen.append(name)
        return tuple(p for p in self.parameters if p.name in chosen)

    @cached_property
    def exponents(self) -> tuple[Parameter, ...]:
        """The other parameters: those in which the expression is not linear."""
        return tuple(p for p in self.parameters if p not in self.amplitudes)


def parse_form(
    text: str,
    variables: Iterable[Variable],
    *,
    name: str = "law",
    parameters: Sequence[Parameter] = (),
    limits: "Sequence[Limit]" = (),
    source: str = "",
) -> Form:
    """Read a form such as `"a + b*n**-alpha"`; names that are not variables are parameters.

    Parameters
    ----------
    text
        The formula; decimal numbers in it stay fixed.
    variables
        What may be measured; those that the formula lacks are left out.
    parameters
        Bounds and starts, for those parameters that need them.

    Raises
    ------
    ValueError
        On text that is not a formula, and on the errors of `Form`.

    >>> from mtl_theory.laws import Kind
    >>> form = parse_form("a + b*n**-alpha", [Variable(name="n", kind=Kind.POSITIVE)])
    >>> [p.name for p in form.amplitudes], [p.name for p in form.exponents]
    (['a', 'b'], ['alpha'])
    """
    items: tuple[Variable | Parameter, ...] = (*variables, *parameters)
    given = {item.name: item.symbol for item in items}
    expression = parse_expression(text, given)
    free = {symbol.name for symbol in expression.free_symbols}
    used = tuple(variable for variable in variables if variable.name in free)
    unknown = sorted(free - given.keys())
    return Form(
        name=name,
        expression=expression,
        variables=used,
        parameters=(*parameters, *(Parameter(name=symbol) for symbol in unknown)),
        limits=tuple(limits),
        source=source,
    )


def with_symbols(expression: Any, symbols: Mapping[str, Any]) -> Any:
    """Return `expression` with every symbol replaced by the one of the same name in `symbols`."""
    return expression.xreplace(
        {symbol: symbols[symbol.name] for symbol in expression.free_symbols if symbol.name in symbols}
    )


def _curved(slopes: Mapping[str, Any], first: Parameter, second: Parameter) -> bool:
    """Whether the second derivative by both parameters is not zero."""
    curvature = sp.diff(slopes[first.name], second.symbol)
    return bool(curvature != 0 and sp.expand(curvature) != 0)
