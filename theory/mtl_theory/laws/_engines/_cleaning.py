"""What every engine's candidates go through before they are handed over."""

from collections.abc import Iterable

import sympy as sp


def real_and_distinct(expressions: Iterable[sp.Expr]) -> list[sp.Expr]:
    """Return the expressions without repetitions, nor those with an imaginary or infinite number in them."""
    broken = (sp.I, sp.nan, sp.zoo, sp.oo, -sp.oo)
    return [expression for expression in dict.fromkeys(expressions) if not expression.has(*broken)]
