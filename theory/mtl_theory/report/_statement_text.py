"""Statements of theorems as one line of Unicode, for terminals and plain text."""

import re
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.conventions import split_super_sub
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pretty.pretty_symbology import greek_unicode
from sympy.printing.str import StrPrinter

from mtl_theory.report._tex import tex_to_text, to_subscript, to_superscript
from mtl_theory.report._tex_tree import is_tex

_RELATIONS = {"==": "=", "<=": "≤", ">=": "≥", "!=": "≠"}


def statement_text(statement: sp.Basic) -> str:
    """Return a statement as one line of Unicode.

    >>> s, k = sp.symbols("sigma k")
    >>> statement_text(sp.Eq(sp.Function("R")(k + 1), sp.Symbol("nu_0") * s**2 / 2))
    'R(k + 1) = ν₀·σ²/2'
    """
    line = str(_OneLine().doprint(statement)).replace("**", "^").replace("*", "·")
    return re.sub(r"√\((\w)\)", r"√\1", line)


def positive_first(terms: list[sp.Expr]) -> list[sp.Expr]:
    """Return the terms of a sum with one that has no minus sign in front, if there is one.

    >>> a, b = sp.symbols("a b")
    >>> positive_first([-a, b])
    [b, -a]
    """
    lead = next((i for i, term in enumerate(terms) if not term.could_extract_minus_sign()), 0)
    return [terms[lead], *terms[:lead], *terms[lead + 1 :]]


class _OneLine(StrPrinter):  # type: ignore[misc]
    """SymPy's string printer with the letters and relations of print."""

    printmethod = "_one_line"  # else SymPy's own classes answer with their ASCII form

    def parenthesize(self, item: sp.Basic, level: int, strict: bool = False) -> str:
        """Bracket sums under a power, where the reach of the sign would be unclear."""
        if isinstance(item, sp.Sum) and level > PRECEDENCE["Mul"]:
            return f"({self._print(item)})"
        return str(super().parenthesize(item, level, strict))

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        return positive_first(super()._as_ordered_terms(expr, order))

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return _name(expr.name)

    def _print_IndexedBase(self, expr: sp.IndexedBase) -> str:
        return _name(str(expr.label))

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        index = ",".join(self._print(i) for i in expr.indices)
        return f"{self._print(expr.base)}{to_subscript(index)}"

    def _print_Function(self, expr: Any) -> str:
        name = _name(expr.func.__name__) if isinstance(expr, AppliedUndef) else expr.func.__name__
        return f"{name}({', '.join(self._print(a) for a in expr.args)})"

    def _print_LatticeOp(self, expr: Any) -> str:  # Min and Max
        return f"{expr.func.__name__.lower()}({', '.join(sorted(self._print(a) for a in expr.args))})"

    def _print_Relational(self, expr: Any) -> str:
        sign = _RELATIONS.get(expr.rel_op, expr.rel_op)
        return f"{self._print(expr.lhs)} {sign} {self._print(expr.rhs)}"

    def _print_And(self, expr: sp.And) -> str:
        return "; ".join(self._print(a) for a in sorted(expr.args, key=sp.default_sort_key))

    def _print_Equivalent(self, expr: Any) -> str:
        return " ⇔ ".join(self._print(a) for a in sorted(expr.args, key=sp.default_sort_key))

    def _print_Implies(self, expr: Any) -> str:
        return " ⇒ ".join(self._print(a) for a in expr.args)

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        if expr.exp.is_Integer and expr.exp > 1:
            base = self.parenthesize(expr.base, PRECEDENCE["Pow"], strict=False)
            return f"{base}{to_superscript(str(expr.exp))}"
        return str(super()._print_Pow(expr, rational)).replace("sqrt(", "√(")

    def _print_Sum(self, expr: sp.Sum) -> str:
        ranges = ", ".join(f"{self._print(i)}={self._print(a)}..{self._print(b)}" for i, a, b in expr.limits)
        return f"∑[{ranges}] {self.parenthesize(expr.function, PRECEDENCE['Mul'], strict=True)}"


def _name(name: str) -> str:
    if is_tex(name):
        return tex_to_text(name)
    base, supers, subs = split_super_sub(name)
    parts = [" ".join(greek_unicode.get(part, part) for part in group) for group in ((base,), subs, supers)]
    return parts[0] + (to_subscript(parts[1]) if subs else "") + (to_superscript(parts[2]) if supers else "")
