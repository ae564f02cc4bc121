"""What a law speaks about: measured variables, and the parameters to be found."""

from dataclasses import dataclass
from enum import Enum
from math import inf, isnan
from typing import Any

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray


class Kind(Enum):
    """The values that a variable takes; the values of the members are the help texts."""

    POSITIVE = "greater than 0: a count, a size, a variance"
    UNIT = "from 0 to 1: a share, a mutual information"
    SIGNED = "from -1 to 1: a cosine, a correlation"
    REAL = "any real number"

    @property
    def interval(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return {"POSITIVE": (0.0, inf), "UNIT": (0.0, 1.0), "SIGNED": (-1.0, 1.0)}.get(self.name, (-inf, inf))

    @property
    def assumptions(self) -> dict[str, bool]:
        """What SymPy may assume of a symbol of this kind."""
        known = {"POSITIVE": "positive", "UNIT": "nonnegative"}
        return {known.get(self.name, "real"): True}

    def admits(self, values: FloatArray) -> bool:
        """Whether all `values` are of this kind."""
        low, high = self.interval
        inside = (values >= low) & (values <= high)
        return bool((inside & (values > 0) if self is Kind.POSITIVE else inside).all())


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A measured quantity that a law depends on.

    Parameters
    ----------
    name
        Column of the rows and symbol of the expression.
    kind
        The values that it takes.
    unit
        Printed after the name; empty for a pure number.
    guessed
        Whether the kind was read off the values: it then suggests forms, and forbids no value.

    >>> Variable(name="n", kind=Kind.POSITIVE, unit="samples").symbol.is_positive
    True
    """

    name: str
    kind: Kind = Kind.REAL
    unit: str = ""
    guessed: bool = False

    def admits(self, values: FloatArray) -> bool:
        """Whether the law may be asked for at all `values`: a kind that was guessed may prove wrong."""
        return self.guessed or self.kind.admits(values)

    @property
    def symbol(self) -> Any:
        """The SymPy symbol, with the assumptions of the kind."""
        return sp.Symbol(self.name, **self.kind.assumptions)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A number that a fit determines.

    Parameters
    ----------
    name
        Symbol of the expression.
    low, high
        Bounds; a fit that ends at one is refused.
    start
        A first guess; a fit searches around it on a scale of its size.

    Raises
    ------
    ValueError
        When the bounds are not ordered, or the start is outside them.
    """

    name: str
    low: float = -inf
    high: float = inf
    start: float | None = None

    def __post_init__(self) -> None:
        if isnan(self.low) or isnan(self.high) or not self.low < self.high:
            raise ValueError(f"{self.name} has the bounds [{self.low}, {self.high}]: pass low < high.")
        if self.start is not None and not (np.isfinite(self.start) and self.low <= self.start <= self.high):
            raise ValueError(f"{self.name} starts at {self.start}, outside [{self.low}, {self.high}].")

    @property
    def symbol(self) -> Any:
        """The SymPy symbol, positive where the bounds say so."""
        return sp.Symbol(self.name, **{"positive" if self.low >= 0 else "real": True})
