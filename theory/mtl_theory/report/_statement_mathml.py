"""Statements of theorems as MathML, which browsers draw without any help."""

import re
from html import escape
from html.entities import html5
from typing import Any
from xml.dom import minidom
from xml.etree import ElementTree

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.mathml import MathMLPresentationPrinter

from mtl_theory.report._statement_text import positive_first, statement_text
from mtl_theory.report._tex import tex_to_mathml
from mtl_theory.report._tex_tree import is_tex

_RELATIONS = {"==": "=", "<=": "≤", ">=": "≥", "!=": "≠", "<": "&lt;", ">": "&gt;"}
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_NAMED_ENTITY = re.compile(r"&(\w+);")
_TAGS = frozenset(
    "mrow mi mn mo mtext ms mspace mfrac msqrt mroot mstyle msub msup msubsup munder mover munderover "
    "mtable mtr mtd mpadded mphantom menclose mmultiscripts".split()
)


def statement_mathml(statement: sp.Basic) -> str:
    r"""Return a statement as HTML: `<math>` elements, one a conjunct, or plain text where MathML falls short.

    >>> k = sp.Symbol("k")
    >>> statement_mathml(sp.Le(sp.Function("R")(k), sp.Symbol(r"\nu_t")))
    '<math display="block"><mrow><mrow><mi>R</mi><mrow><mo>(</mo><mi>k</mi><mo>)</mo></mrow></mrow><mo>≤</mo><msub><mi>ν</mi><mi>t</mi></msub></mrow></math>'
    """  # noqa: E501 - one formula, one line
    conjuncts = (
        sorted(statement.args, key=sp.default_sort_key) if isinstance(statement, sp.And) else [statement]
    )
    try:
        return "".join(f'<math display="block">{_markup(conjunct)}</math>' for conjunct in conjuncts)
    except (_UnsafeMarkup, ElementTree.ParseError, TypeError, AttributeError, NotImplementedError):
        return f'<p class="statement-text">{escape(statement_text(statement))}</p>'


class _UnsafeMarkup(Exception):
    """The printer made something other than MathML."""


def _markup(expression: sp.Basic) -> str:
    """Print, then check that nothing but MathML came out: SymPy's printer does not escape names."""
    raw = str(_Printer().doprint(expression))
    markup = _NAMED_ENTITY.sub(_as_character, raw).replace("<mo>-</mo>", "<mo>−</mo>")
    for element in ElementTree.fromstring(markup).iter():
        if element.tag not in _TAGS:
            raise _UnsafeMarkup(element.tag)
    return re.sub(r"&#(\d+);", lambda match: chr(int(match[1])) if int(match[1]) > 127 else match[0], markup)


def _as_character(match: re.Match[str]) -> str:
    return match[0] if match[1] in _XML_ENTITIES else html5.get(f"{match[1]};", match[0])


class _Printer(MathMLPresentationPrinter):  # type: ignore[misc]
    """SymPy's presentation printer, with TeX names, function names as written, and signs escaped."""

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        return positive_first(super()._as_ordered_terms(expr, order))

    def _print_Symbol(self, sym: sp.Symbol, style: str = "plain") -> Any:
        return self._named(sym.name, style)

    def _print_IndexedBase(self, e: sp.IndexedBase) -> Any:
        return self._named(str(e.label), "plain")

    def _print_Function(self, e: Any) -> Any:
        if not isinstance(e, AppliedUndef):
            return super()._print_Function(e)
        row = self.dom.createElement("mrow")
        row.appendChild(self._named(e.func.__name__, "plain"))
        row.appendChild(self._paren_comma_separated(*e.args))
        return row

    def _print_Relational(self, e: Any) -> Any:
        row, sign = self.dom.createElement("mrow"), self.dom.createElement("mo")
        sign.appendChild(self.dom.createTextNode(_RELATIONS.get(e.rel_op, escape(e.rel_op))))
        for part in (self._print(e.lhs), sign, self._print(e.rhs)):
            row.appendChild(part)
        return row

    def _named(self, name: str, style: str) -> Any:
        if is_tex(name):
            return minidom.parseString(tex_to_mathml(name)).documentElement
        return super()._print_Symbol(sp.Symbol(escape(name)), style)
