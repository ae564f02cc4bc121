"""Limits typed as text."""

import re
from typing import Any

import sympy as sp

from mtl_theory.laws._limits import Bounded, Coincides, Equals, Limit, Monotone, Tends
from mtl_theory.laws._parsing import parse_expression

_MONOTONE = re.compile(r"(increasing|decreasing)\s*\(\s*(\w+)\s*\)")
_BOUND = re.compile(r"(\w+)\s*(<=|>=)\s*([^<>=:]+)")
_TENDS = re.compile(r"(\w+)\s*->\s*([^:]+):\s*(.+)")
_AT = re.compile(r"([^:]*=[^:]*):\s*(.+)")

LIMIT_HELP = (
    "increasing(n)", "decreasing(s)", "F >= 0", "F <= 1", "n -> inf: 0.9", "T = 1: a + b/sqrt(n)",
    "A = 1: n = n*T, T = 1",
)  # fmt: skip


def parse_limits(text: str, *, target: str) -> tuple[Limit, ...]:
    """Read limits that are separated by semicolons.

    `increasing(n)` and `decreasing(n)`; `F >= 0` and `F <= 1` for the target F; `n -> inf: 0.9`;
    `T = 1: a + b/sqrt(n)`, what the law is there; `A = 1: n = n*T, T = 1`, where else it is the same.

    Raises
    ------
    ValueError
        On text that is none of these.

    >>> parse_limits("increasing(n); F <= 1", target="F")
    (Monotone(variable='n', increasing=True), Bounded(low=-inf, high=1.0))
    >>> parse_limits("n -> inf: c", target="F")
    (Tends(variable='n', to=oo, value=c),)
    """
    return tuple(_limit(piece.strip(), target) for piece in text.split(";") if piece.strip())


def _limit(text: str, target: str) -> Limit:
    if found := _MONOTONE.fullmatch(text):
        return Monotone(variable=found[2], increasing=found[1] == "increasing")
    if (found := _BOUND.fullmatch(text)) and found[1] == target:
        end = _number(found[3], text)
        return Bounded(low=end) if found[2] == ">=" else Bounded(high=end)
    if found := _TENDS.fullmatch(text):
        return Tends(variable=found[1], to=_value(found[2]), value=_value(found[3]))
    if found := _AT.fullmatch(text):
        at = _assignments(found[1], text)
        if "=" in found[2]:
            return Coincides(at=at, elsewhere={**at, **_assignments(found[2], text)})
        return Equals(at=at, expression=_value(found[2]))
    raise _unreadable(text)


def _assignments(text: str, whole: str) -> dict[str, Any]:
    pairs = [part.split("=") for part in text.split(",")]
    if any(len(pair) != 2 for pair in pairs):
        raise _unreadable(whole)
    return {name.strip(): _value(value) for name, value in pairs}


def _number(text: str, whole: str) -> float:
    value = _value(text)
    if value.free_symbols:
        raise ValueError(f"the bound in {whole!r} must be a number, got {value}.")
    return float(value)


def _value(text: str) -> Any:
    return parse_expression(text, {"inf": sp.oo})


def _unreadable(text: str) -> ValueError:
    return ValueError(f"cannot read the limit {text!r}; write one such as {'; '.join(LIMIT_HELP)}.")
