"""The formula of a law for the page."""

import sympy as sp

from mtl_theory.laws import Law
from mtl_theory.report._statement_mathml import statement_mathml


def law_mathml(law: Law, *, digits: int = 3) -> str:
    """Return the equation of a law as MathML, numbers rounded."""
    numbers = {
        number: sp.Float(f"{float(number):.{digits}g}", digits) for number in law.expression.atoms(sp.Float)
    }
    equation = sp.Eq(sp.Symbol(law.target), law.expression.xreplace(numbers), evaluate=False)
    return f'<div class="statement" style="max-width: 100%">{statement_mathml(equation)}</div>'
