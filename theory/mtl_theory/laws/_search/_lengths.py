"""The nats that naming an expression takes, on one scale for every engine."""

from collections.abc import Sequence
from math import log

import sympy

from mtl_theory.laws._search._structure import CHOICE, SNAP_COSTS
from mtl_theory.laws._variables import Variable

RARE = max(SNAP_COSTS.values())


def complexity(expression: sympy.Expr) -> int:
    """Return the number of nodes of the expression's tree.

    >>> x = sympy.Symbol("x", positive=True)
    >>> complexity(0.5 + 2.0 / sympy.sqrt(x))
    7
    """
    return sum(1 for _ in sympy.preorder_traversal(expression))


def structural_cost(expression: sympy.Expr, variables: Sequence[Variable]) -> float:
    """Return the nats for every leaf, exponent, inner constant and function.

    A leaf names one of d variables and one of four forms; an exponent one of four small halves and integers,
    a rarer number, or one to be fitted; a function, or a sum inside a product, one of four. The precision of
    fitted numbers is counted with them, not here.
    """
    symbols = {v.symbol for v in variables}
    leaves = sum(node in symbols for node in sympy.preorder_traversal(expression))
    factors = [f for term in sympy.Add.make_args(expression) for f in sympy.Mul.make_args(term)]
    inside = sum(node.is_Float for f in factors if f.free_symbols for node in sympy.preorder_traversal(f))
    named: float = leaves * log(4.0 * len(symbols))
    total: float = named + inside * CHOICE + _sum_cost(expression, outermost=True)
    return total


def _sum_cost(expression: sympy.Expr, *, outermost: bool) -> float:
    """Return the cost of a sum of products; inside parentheses a plain variable costs its leaf alone."""
    terms = [term for term in sympy.Add.make_args(expression) if term.free_symbols]
    factors = [factor for term in terms for factor in sympy.Mul.make_args(term) if factor.free_symbols]
    cost = sum(_factor_cost(f) for f in factors if outermost or not f.is_Symbol)
    return cost + (0.0 if outermost else CHOICE * max(len(terms) - 1, 0))


def _factor_cost(factor: sympy.Expr) -> float:
    """Return the cost of one factor of a product."""
    if isinstance(factor, sympy.exp):
        return _sum_cost(factor.args[0], outermost=False)
    if factor.is_Pow:
        base, exponent = factor.args
        if exponent.free_symbols:
            return CHOICE + _sum_cost(base, outermost=False) + _sum_cost(exponent, outermost=False)
        named = 0.0 if exponent.is_Float else SNAP_COSTS.get(float(exponent), RARE)
        return named + _sum_cost(base, outermost=False)
    if factor.is_Symbol:
        return CHOICE
    if factor.is_Add:
        return CHOICE + _sum_cost(factor, outermost=False)
    return CHOICE + sum(_sum_cost(argument, outermost=False) for argument in factor.args)
