"""Reads the little TeX that occurs in the names of symbols into a tree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sympy.printing.pretty.pretty_symbology import greek_unicode

_COMMANDS = {
    "|": "‖", "Vert": "‖", "lVert": "‖", "rVert": "‖", "vert": "|", "top": "⊤", "intercal": "⊤", "cdot": "·",
    "times": "×", "odot": "⊙", "otimes": "⊗", "circ": "∘", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "approx": "≈", "sim": "∼", "pm": "±", "infty": "∞", "sum": "∑", "prod": "∏", "in": "∈",
    "to": "→", "ell": "ℓ", "star": "⋆", "ast": "∗", "dagger": "†", "propto": "∝", "ldots": "…", "dots": "…",
    "cdots": "⋯", "lambda": "λ", "varepsilon": "ε", "epsilon": "ε", "mid": "|", "forall": "∀", "log": "log",
    "exp": "exp", "max": "max", "min": "min", "det": "det", "Pr": "Pr", "langle": "⟨", "rangle": "⟩",
    "uparrow": "↑", "downarrow": "↓", "neg": "¬", "{": "{", "}": "}", "%": "%",
}  # fmt: skip
_SPACES = frozenset({",", ";", ":", "!", " ", "quad", "qquad", "left", "right", "big", "Big", "displaystyle"})
_ACCENTS = {"hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0304", "tilde": "\u0303"}
_UPRIGHT = frozenset(
    {"operatorname", "mathrm", "text", "mathit", "mathbf", "mathcal", "mathbb", "boldsymbol"}
)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|\S|\s+")


@dataclass(frozen=True, kw_only=True)
class Atom:
    text: str


@dataclass(frozen=True, kw_only=True)
class Row:
    items: "tuple[Node, ...]"


@dataclass(frozen=True, kw_only=True)
class Accent:
    base: "Node"
    mark: str


@dataclass(frozen=True, kw_only=True)
class Fraction:
    over: "Node"
    under: "Node"


@dataclass(frozen=True, kw_only=True)
class Scripts:
    base: "Node"
    sub: "Node | None"
    sup: "Node | None"


Node: TypeAlias = Atom | Row | Accent | Fraction | Scripts


def is_tex(name: str) -> bool:
    """Whether the name of a symbol is TeX rather than one of SymPy's own conventions."""
    return any(mark in name for mark in "\\{}|")


def parse_tex(source: str) -> Node:
    tokens = [token for token in _TOKEN.findall(source) if token[:1] != "\\" or token[1:] not in _SPACES]
    return _parse_row(iter(tokens))


def _parse_row(tokens: Iterator[str]) -> Node:
    items: list[Node] = []
    for token in tokens:
        if token == "}":
            break
        if token.isspace():
            continue
        if token in ("_", "^"):
            script = _as_word(_parse_one(tokens))
            base = items.pop() if items else Row(items=())
            sub = base.sub if isinstance(base, Scripts) else None
            sup = base.sup if isinstance(base, Scripts) else None
            inner = base.base if isinstance(base, Scripts) else base
            sub, sup = (script, sup) if token == "_" else (sub, script)
            items.append(Scripts(base=inner, sub=sub, sup=sup))
        else:
            items.append(_parse_token(token, tokens))
    return items[0] if len(items) == 1 else Row(items=tuple(items))


def _parse_one(tokens: Iterator[str]) -> Node:
    token = next((token for token in tokens if not token.isspace()), None)
    return Row(items=()) if token is None else _parse_token(token, tokens)


def _as_word(node: Node) -> Node:
    """Join three or more letters in a row into a word: `thres` is one label, `ij` two indices."""
    if not isinstance(node, Row) or len(node.items) < 3:
        return node
    letters = [item.text for item in node.items if isinstance(item, Atom) and item.text.isalpha()]
    return Atom(text="".join(letters)) if len(letters) == len(node.items) else node


def _parse_token(token: str, tokens: Iterator[str]) -> Node:
    if token == "{":
        return _parse_row(tokens)
    command = token.removeprefix("\\")
    if command == token:
        return Atom(text="−" if token == "-" else token)
    if command in _ACCENTS:
        return Accent(base=_parse_one(tokens), mark=_ACCENTS[command])
    if command in ("frac", "tfrac", "dfrac"):
        over = _parse_one(tokens)
        return Fraction(over=over, under=_parse_one(tokens))
    if command in _UPRIGHT:
        return Atom(text=_verbatim(tokens))
    return Atom(text=_COMMANDS.get(command) or greek_unicode.get(command, command))


def _verbatim(tokens: Iterator[str]) -> str:
    """Return the text of one braced group as it stands, spaces included."""
    first = next((token for token in tokens if not token.isspace()), "")
    if first != "{":
        return first
    depth, inside = 1, []
    for token in tokens:
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth == 0:
            break
        if token not in "{}":
            inside.append(" " if token.isspace() else token.removeprefix("\\"))
    return "".join(inside)
