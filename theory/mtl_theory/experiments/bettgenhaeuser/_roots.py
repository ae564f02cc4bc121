"""Which roots the points identify, in words."""

from typing import TYPE_CHECKING, Any

from mtl_theory.experiments._selection import only_row, select
from mtl_theory.experiments.bettgenhaeuser._alternatives import CANDIDATES, CLEAR, ROOTS
from mtl_theory.experiments.bettgenhaeuser._labels import BEATEN, FREE, R2, exponent

if TYPE_CHECKING:
    import pandas as pd


def power(variable: str, value: float) -> str:
    """Return how an exponent is written: the logarithm for 0."""
    if value == 0:
        return f"log {variable}"
    return f"{variable}^{value:.2g}"


def verdict(rows: "pd.DataFrame", variable: str) -> str:
    """Say from which other exponents the root can be told, and with which it is tied."""
    shares = select(rows, method=exponent(variable), quantity=BEATEN).set_index("level")["value"]
    others = [value for value in CANDIDATES[variable] if value != ROOTS[variable]]
    parts = []
    for words, chosen in (
        ("beats", [v for v in others if shares[v] >= CLEAR]),
        ("loses to", [v for v in others if shares[v] <= 1 - CLEAR]),
        ("is tied with", [v for v in others if 1 - CLEAR < shares[v] < CLEAR]),
    ):
        if chosen:
            parts.append(f"{words} {', '.join(power(variable, v) for v in chosen)}")
    return f"√{variable} {'; '.join(parts)}"


def interval(rows: "pd.DataFrame", method: str, quantity: str) -> str:
    """Return a law's constant with its interval."""
    return interval_of(only_row(rows, method=method, quantity=quantity))


def interval_of(row: "pd.Series[Any]") -> str:
    """Return a number with its interval, such as `0.35 [0.26, 0.45]`."""
    return f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"


def free_exponents(rows: "pd.DataFrame") -> str:
    """Return the three free exponents with intervals, or say that the fit was refused."""
    if not len(select(rows, method=FREE, quantity=exponent("n"))):
        return "free exponents cannot be fitted to these points"
    listed = ", ".join(f"{v} {interval(rows, FREE, exponent(v))}" for v in ROOTS)
    return f"free exponents {listed}"


def r2(rows: "pd.DataFrame", method: str) -> str:
    """Return the R2 of a law, or that its fit was refused."""
    value = float(only_row(rows, method=method, quantity=R2)["value"])
    return f"{value:.3f}" if value == value else "refused"
