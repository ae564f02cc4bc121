"""The cost of naming a structure is the same whether it is read off the structure or the expression."""

import numpy as np
import pytest
import sympy

from mtl_theory.laws._search._grammar import Decay, Effective, Logarithm, Power
from mtl_theory.laws._search._lengths import complexity, structural_cost
from mtl_theory.laws._search._structure import Fitted, canonical
from mtl_theory.laws._variables import Kind, Variable

VARIABLES = (
    Variable(name="n", kind=Kind.POSITIVE),
    Variable(name="T", kind=Kind.POSITIVE),
    Variable(name="ami", kind=Kind.UNIT),
)


@pytest.mark.parametrize(
    ("terms", "starts", "fixed"),
    [
        ([], [], ()),
        ([(Power(0),)], [(-0.4,)], (None,)),
        ([(Power(0), Power(1))], [(-0.5, 2.0)], (-0.5, 2.0)),
        ([(Power(0), Logarithm(1))], [(-0.5,)], (-0.5,)),
        ([(Decay(0), Power(2, 1, -1))], [(0.01, 1.0)], (None, 1.0)),
        ([(Power(0), Effective((1, 2)))], [(-0.5, -0.5)], (-0.5, -0.5)),
        ([(Power(0),), (Effective((1,)),)], [(-0.3,), (-0.7,)], (None, None)),
    ],
)
def test_two_routes(terms, starts, fixed) -> None:
    found = canonical(terms, starts, 0.37)
    assert found is not None
    structure, start = found
    for p, value in enumerate(fixed):
        structure = structure.with_fixed(p, value)
    fitted = Fitted(
        structure, np.array(start.exponents), start.log_kappa, 0.1, np.full(len(structure.terms), 1.7), 1.0
    )
    expression = fitted.expression([v.symbol for v in VARIABLES])
    assert structural_cost(expression, VARIABLES) == pytest.approx(structure.structural_cost(3))


def test_nodes_are_counted() -> None:
    x = sympy.Symbol("x", positive=True)
    assert complexity(sympy.Float(1.0)) == 1
    assert complexity(0.5 + 2.0 * x**-0.5) == 7


def test_a_longer_expression_costs_more() -> None:
    n, T, _ = (v.symbol for v in VARIABLES)
    short, long = 1.0 + 2.0 / sympy.sqrt(n), 1.0 + 2.0 / (sympy.sqrt(n) * sympy.log(T) + 0.5)
    assert structural_cost(short, VARIABLES) < structural_cost(long, VARIABLES)
