"""Formulas typed as text, read without evaluating anything but arithmetic."""

import ast
from collections.abc import Mapping
from typing import Any

import sympy as sp

FUNCTIONS: dict[str, Any] = {
    "sqrt": sp.sqrt,
    "log": sp.log,
    "exp": sp.exp,
    "tanh": sp.tanh,
    "abs": sp.Abs,
    "min": sp.Min,
    "max": sp.Max,
}


def parse_expression(text: str, symbols: Mapping[str, Any]) -> Any:
    """Read `text` as a SymPy expression; decimal numbers become exact fractions, unknown names real symbols.

    Raises
    ------
    ValueError
        On anything but numbers, names, `+ - * / ** ^` and the functions in `FUNCTIONS`.

    >>> parse_expression("a + b*n^-0.5", {})
    a + b/sqrt(n)
    """
    try:
        tree = ast.parse(text.replace("^", "**").strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"cannot read the formula {text!r}: {error.msg}.") from error
    return _build(tree, text, symbols)


def _build(node: ast.expr, text: str, symbols: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return sp.Rational(str(value))
        case ast.Name(id=name):
            return symbols.get(name, sp.Symbol(name, real=True))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_build(operand, text, symbols)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _build(operand, text, symbols)
        case ast.BinOp(left=left, op=operator, right=right):
            return _binary(operator, _build(left, text, symbols), _build(right, text, symbols), text)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_build(argument, text, symbols) for argument in arguments))
    raise ValueError(
        f"cannot read {ast.unparse(node)!r} in the formula {text!r}; use numbers, names, + - * / ** and "
        f"{', '.join(FUNCTIONS)}."
    )


def _binary(operator: ast.operator, left: Any, right: Any, text: str) -> Any:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.Pow():
            return left**right
    raise ValueError(f"the formula {text!r} has an operator that is none of + - * / **.")
