r"""The TeX in the names of symbols, such as `\|U_k^\top c_t\|^2`, as Unicode text and as MathML."""

from html import escape
from unicodedata import normalize

from mtl_theory.report._tex_tree import Accent, Atom, Fraction, Node, Row, Scripts, parse_tex

_MARKS = {"\u0302": "^", "\u0304": "¯", "\u0303": "~"}
_SUPERSCRIPT = str.maketrans("0123456789+-=()nikTt⊤", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵏᵀᵗᵀ")
_SUBSCRIPT = str.maketrans("0123456789+-=()aeoxhklmnpstijruv", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ")
_SPACED = frozenset("=≤≥≠≈∼±∈→<>∝−+")


def tex_to_text(source: str) -> str:
    r"""Return TeX as one line of Unicode.

    >>> tex_to_text(r"\|U_k^\top c_t\|^2")
    '‖Uₖᵀcₜ‖²'
    """
    return normalize("NFC", _text(parse_tex(source)))


def tex_to_mathml(source: str) -> str:
    r"""Return TeX as presentation MathML.

    >>> tex_to_mathml(r"\sigma_k^2")
    '<msubsup><mi>σ</mi><mi>k</mi><mn>2</mn></msubsup>'
    """
    return _mathml(parse_tex(source))


def to_superscript(text: str) -> str:
    """Return `text` raised, in Unicode where every character has a raised form, else after a caret."""
    raised = text.translate(_SUPERSCRIPT)
    if all(a != b for a, b in zip(text, raised, strict=True)):
        return raised
    return f"^{text}" if len(text) == 1 else f"^({text})"


def to_subscript(text: str) -> str:
    """Return `text` lowered, in Unicode where every character has a lowered form, else after a bar."""
    lowered = text.translate(_SUBSCRIPT)
    if all(a != b for a, b in zip(text, lowered, strict=True)):
        return lowered
    return f"_{text}" if len(text) == 1 or text.isalnum() else f"_({text})"


def _text(node: Node) -> str:
    match node:
        case Atom(text=text):
            return f" {text} " if text in _SPACED else text
        case Row(items=items):
            return "".join(_text(item) for item in items).strip()
        case Accent(base=base, mark=mark):
            return _text(base) + mark
        case Fraction(over=over, under=under):
            return f"({_text(over)})/({_text(under)})"
        case Scripts(base=base, sub=sub, sup=sup):
            lowered = to_subscript(_text(sub).strip()) if sub else ""
            raised = to_superscript(_text(sup).strip()) if sup else ""
            return _text(base) + lowered + raised


def _mathml(node: Node) -> str:
    match node:
        case Atom(text=text):
            tag = "mn" if text[:1].isdigit() else "mi" if text[:1].isalpha() else "mo"
            return f"<{tag}>{escape(text)}</{tag}>"
        case Row(items=items):
            return f"<mrow>{''.join(_mathml(item) for item in items)}</mrow>"
        case Accent(base=base, mark=mark):
            return f'<mover accent="true">{_mathml(base)}<mo>{_MARKS[mark]}</mo></mover>'
        case Fraction(over=over, under=under):
            return f"<mfrac>{_mathml(over)}{_mathml(under)}</mfrac>"
        case Scripts(base=base, sub=None, sup=sup) if sup:
            return f"<msup>{_mathml(base)}{_mathml(sup)}</msup>"
        case Scripts(base=base, sub=sub, sup=None) if sub:
            return f"<msub>{_mathml(base)}{_mathml(sub)}</msub>"
        case Scripts(base=base, sub=sub, sup=sup):
            return f"<msubsup>{_mathml(base)}{_mathml(sub or sup or base)}{_mathml(sup or base)}</msubsup>"
