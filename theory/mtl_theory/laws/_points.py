"""Measured points as the arrays that a fit works on."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array
from mtl_theory.laws._variables import Variable

# A data frame, a mapping of columns, or an (N, d) array with the variables in order; pandas stays unloaded.
Rows: TypeAlias = Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Measured points.

    Parameters
    ----------
    columns
        Values of the variables, `(d, N)`.
    y
        Values of the target, `(N,)`.
    weights
        Inverse variances relative to their mean, `(N,)`.
    noise
        Standard deviation of a row of weight 1, where it is known.
    """

    columns: FloatArray
    y: FloatArray
    weights: FloatArray
    noise: float | None = None

    @property
    def digest(self) -> str:
        """A hash of all the numbers, to tell whether two laws were fitted to the same points."""
        content = np.vstack([self.columns, self.y, self.weights]).astype("<f8")
        return hashlib.sha256(np.ascontiguousarray(content).tobytes()).hexdigest()[:16]

    def domain(self, variables: Sequence[Variable]) -> dict[str, tuple[float, float]]:
        """Return the smallest and the largest observed value of each variable."""
        return {
            variable.name: (float(column.min()), float(column.max()))
            for variable, column in zip(variables, self.columns, strict=True)
        }


def gather(
    rows: Rows,
    variables: Sequence[Variable],
    *,
    target: str,
    weights: npt.ArrayLike | str | None,
    noise: npt.ArrayLike | str | None,
) -> Points:
    """Read the points out of named columns.

    Raises
    ------
    ValueError
        On missing columns, values that are not finite or not of their variable's kind, weights or noise that
        are not positive, or both given.
    """
    if weights is not None and noise is not None:
        raise ValueError(
            "pass weights or noise, not both: noise already weighs every row by its inverse square."
        )
    columns = columns_of(rows, variables)
    y = _column(rows, target)
    if y.shape != columns.shape[1:] and variables:
        raise ValueError(f"{target} has {y.size} rows where the variables have {columns.shape[1]}.")
    columns = columns if variables else np.empty((0, y.size))
    if noise is not None:
        precision = _positive("noise", rows, noise, y.size) ** -2
        typical = float(precision.mean())
        return Points(columns=columns, y=y, weights=precision / typical, noise=typical**-0.5)
    relative = _positive("weights", rows, weights, y.size)
    return Points(columns=columns, y=y, weights=relative / relative.mean())


def columns_of(points: Rows, variables: Sequence[Variable]) -> FloatArray:
    """Return the values of the variables, `(d, N)`, from a data frame, a mapping or an (N, d) array.

    Raises
    ------
    ValueError
        On missing columns, and on values that are not finite or not of their variable's kind.
    """
    if isinstance(points, (np.ndarray, list, tuple)):
        array = finite_array("points", points, ndim=2).astype(np.float64)
        if array.shape[1] != len(variables):
            names = [variable.name for variable in variables]
            raise ValueError(f"points has {array.shape[1]} columns, expected {len(names)}: {names}.")
        columns = array.T
    elif variables:
        columns = np.stack(np.broadcast_arrays(*(_column(points, variable.name) for variable in variables)))
    else:  # a constant has a value at every row all the same
        columns = np.empty((0, max((np.size(points[name]) for name in points), default=0)))
    for variable, column in zip(variables, columns, strict=True):
        if not variable.admits(column):
            raise ValueError(
                f"{variable.name} must be {variable.kind.value}, got values from {column.min():g} to "
                f"{column.max():g}; drop those rows or give the variable another kind."
            )
    return columns


def _column(rows: Rows, name: str) -> FloatArray:
    """Return one column as float64, a single number as one row."""
    if not isinstance(rows, Mapping) and not hasattr(rows, "columns"):
        raise ValueError(f"rows must be a data frame or a mapping of columns, got {type(rows).__name__}.")
    if name not in rows:
        raise ValueError(f"the rows have no column {name!r}, only {[str(key) for key in rows]}; rename one.")
    return np.atleast_1d(finite_array(name, rows[name], ndim=(0, 1)).astype(np.float64))


def _positive(name: str, rows: Rows, given: npt.ArrayLike | str | None, size: int) -> FloatArray:
    """Return positive numbers, one a row, from a column's name, a number, an array, or nothing."""
    if given is None:
        return np.ones(size)
    values = _column(rows, given) if isinstance(given, str) else finite_array(name, given, ndim=(0, 1))
    if values.shape not in ((), (1,), (size,)) or (values <= 0).any():
        raise ValueError(
            f"{name} must be positive, one number or one for each of the {size} rows, got shape "
            f"{values.shape} with a smallest value of {values.min():g}; drop rows without weight."
        )
    return np.broadcast_to(values.astype(np.float64), (size,))
