"""Comparisons that choose rows, such as `n > 5000` or `solver = pooled`."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_simulators._typing import BoolArray

if TYPE_CHECKING:
    import pandas as pd

_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "==": operator.eq,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_SHAPE = re.compile(rf"\s*(.+?)\s*({'|'.join(_SIGNS)})\s*(.+?)\s*")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A comparison of one column with a number or a word."""

    column: str
    sign: str
    value: float | str

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, str) else f"{self.value:g}"
        return f"{self.column} {self.sign} {value}"

    def holds(self, frame: "pd.DataFrame") -> BoolArray:
        """Return whether it holds, row by row, `(N,)`; where a number is missing it does not.

        Raises
        ------
        ValueError
            Where the frame lacks the column, or words are to be ordered.
        """
        import pandas as pd

        if self.column not in frame:
            raise ValueError(f"the table has no column {self.column!r}, only {list(map(str, frame))}.")
        column, compare = frame[self.column], _SIGNS[self.sign]
        if isinstance(self.value, str):
            if compare not in (operator.eq, operator.ne):
                raise ValueError(f"{self} puts words in an order; compare with = or !=, or with a number.")
            return np.asarray(compare(column.astype(str), self.value), dtype=np.bool_)
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
        return np.asarray(compare(numbers, self.value) & ~np.isnan(numbers), dtype=np.bool_)


def parse_condition(text: str) -> Condition:
    """Read a comparison such as `"n > 5000"`.

    Raises
    ------
    ValueError
        On text that is not a column, a sign and a value.

    >>> parse_condition("n>5000"), str(parse_condition("solver = pooled"))
    (Condition(column='n', sign='>', value=5000.0), 'solver = pooled')
    """
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError(f"cannot read {text!r}; write a column, one of {' '.join(_SIGNS)}, and a value.")
    column, sign, value = found.groups()
    try:
        return Condition(column=column, sign=sign, value=float(value))
    except ValueError:
        return Condition(column=column, sign=sign, value=value.strip("'\""))
