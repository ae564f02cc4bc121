"""Factors of a sweep: the values that one of its variables takes."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mtl_simulators._validation import positive_int

Value: TypeAlias = int | float | str | bool
Point: TypeAlias = dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class Levels:
    """A list of values of one type.

    Raises
    ------
    ValueError
        On an empty list, repeated or mixed values, NaN and infinity.

    >>> Levels(values=(2, 4, 8)).at(0.5)
    4
    """

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        """Check that the values can stand in one column of a table."""
        # Plain Python values: they are hashed by what they print, and stand in JSON.
        values = tuple(value.item() if isinstance(value, np.generic) else value for value in self.values)
        if not values:
            raise ValueError("has no values; list at least one.")
        types = {_column_type(value) for value in values}
        if len(types) > 1:
            raise ValueError(f"mixes types in {list(values)}; give numbers alone, or words alone.")
        if not types <= {bool, float, str}:
            raise ValueError(f"holds {values[0]!r}; give numbers, words, or true and false.")
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values):
            raise ValueError(f"holds an integer beyond 64 bits in {list(values)}; give smaller ones.")
        if any(isinstance(value, float) and not math.isfinite(value) for value in values):
            raise ValueError(f"holds NaN or infinity in {list(values)}; give finite numbers.")
        if len(set(values)) < len(values):
            raise ValueError(f"repeats a value in {list(values)}; ask for more `repeats` instead.")
        if any(isinstance(value, float) for value in values):
            values = tuple(float(value) for value in values)
        object.__setattr__(self, "values", values)

    def levels(self) -> tuple[Value, ...]:
        """Return the values of a grid."""
        return self.values

    def at(self, quantile: float) -> Value:
        """Return the value at a quantile in [0, 1), all values having equal shares."""
        return self.values[int(quantile * len(self.values))]


@dataclass(frozen=True, kw_only=True)
class Range:
    r"""Values between two ends, evenly spaced in $x$ or in $\log x$.

    Whole where both ends are integers: a grid rounds to the nearest integer and drops repetitions.

    Raises
    ------
    ValueError
        On ends that are not finite, not ordered, or not positive where `log` is asked for.

    >>> Range(low=10, high=1000, points=5, log=True).levels()
    (10, 32, 100, 316, 1000)
    """

    low: int | float
    high: int | float
    points: int | None = None
    log: bool = False

    def __post_init__(self) -> None:
        """Check the ends."""
        for name in ("low", "high"):  # plain Python values, as in `Levels`
            end = getattr(self, name)
            object.__setattr__(self, name, end.item() if isinstance(end, np.generic) else end)
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"needs finite low < high, got low = {self.low}, high = {self.high}.")
        if self.log and self.low <= 0:
            raise ValueError(
                f"has low = {self.low} on a logarithmic scale; give a positive low, or log = false."
            )
        if self.points is not None:
            positive_int("points", self.points, at_least=2)

    def levels(self) -> tuple[Value, ...]:
        """Return the values of a grid, both ends included."""
        if self.points is None:
            raise ValueError("has no `points`; say how many values the grid takes from it.")
        low, high = (end if self._whole else float(end) for end in (self.low, self.high))
        between = [self._value(i / (self.points - 1)) for i in range(1, self.points - 1)]
        return tuple(dict.fromkeys([low, *between, high]))

    def at(self, quantile: float) -> Value:
        """Return the value at a quantile in [0, 1)."""
        if self._whole and not self.log:  # every integer gets the same share
            return int(self.low + math.floor(quantile * (self.high - self.low + 1)))
        return self._value(quantile)

    @property
    def _whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def _value(self, fraction: float) -> int | float:
        if self.log:
            # Not NumPy's exponential, whose last bit depends on the processor.
            value = math.exp(math.log(self.low) + fraction * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + fraction * (self.high - self.low)
        return round(value) if self._whole else float(value)


Factor: TypeAlias = Levels | Range


def _column_type(value: object) -> type:
    if isinstance(value, bool):
        return bool
    return float if isinstance(value, int | float) else type(value)
