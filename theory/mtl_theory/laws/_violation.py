"""By how much a law breaks a limit."""

from dataclasses import replace
from typing import Any

import numpy as np

from mtl_theory.laws._fences import compile_for, domain_grid, shortfall
from mtl_theory.laws._law import Law
from mtl_theory.laws._limits import Limit


def violation(limit: Limit, law: Law) -> float:
    """Return by how much the law breaks the limit at worst on its domain, 0 where it holds.

    Both identities and inequalities are looked at on a grid over the domain; an inequality on a slope is in
    units of the slope.

    Raises
    ------
    ValueError
        When the limit speaks of symbols that the law lacks.

    >>> from mtl_theory.laws import Bounded, Variable, fit_law, parse_form
    >>> form = parse_form("a + b*x", [Variable(name="x")])
    >>> law = fit_law({"x": [0, 1, 2, 3], "y": [0.1, 0.9, 2.1, 2.9]}, form, target="y")
    >>> round(violation(Bounded(high=2.0), law), 2)
    0.94
    """
    columns = domain_grid(law.variables, law.domain)
    # With numbers for parameters there is no sign left that a limit could depend on.
    form = replace(law.form, expression=law.expression, parameters=(), limits=())
    ordered = np.empty(0)

    def off(expression: Any) -> float:
        gone = {symbol.name for symbol in expression.free_symbols} - form.symbols.keys()
        if gone:
            raise ValueError(
                f"the limit speaks of {sorted(gone)}, which {form.name} lacks; put in the value of a "
                "parameter that an identity determined."
            )
        value, _ = compile_for(form, expression).evaluate(columns, ordered[None])
        return float(np.abs(value).max())

    identities = [off(residual) for residual in limit.residuals(form)]
    inequalities = [shortfall(compile_for(form, margin), columns, ordered) for margin in limit.margins(form)]
    return max([0.0, *identities, *inequalities])
