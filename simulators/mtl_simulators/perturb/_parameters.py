"""Checks and equality of the corruptions' parameters, which are numbers or arrays that broadcast."""

from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, in_interval


def checked_fraction(name: str, value: float) -> float:
    """Return a number in [0, 1]."""
    if np.ndim(value) != 0:
        raise ValueError(
            f"{name} must be one number, got shape {np.shape(value)}; use one corruption a value."
        )
    try:
        return in_interval(name, value, 0.0, 1.0)
    except ValueError as error:
        raise ValueError(f"{error} Divide a percentage by 100.") from None


def checked_deletion(probability: float, *, rescale: bool) -> float:
    """Return a deletion probability, below one when survivors are rescaled by 1 / (1 - p)."""
    probability = checked_fraction("probability", probability)
    if rescale and probability == 1.0:
        raise ValueError("rescale needs probability < 1, got 1: nothing survives; pass rescale=False.")
    return probability


def checked_values(name: str, values: npt.ArrayLike) -> float | FloatArray:
    """Return a finite number as float, an array as a read-only float64 copy."""
    # Adding zero copies, and turns -0.0 into 0.0, which equality and hash must not tell apart.
    array = finite_array(name, values, ndim=np.ndim(values)).astype(np.float64) + 0.0
    if array.ndim == 0:
        return float(array)
    array.setflags(write=False)
    return array


def checked_size(name: str, values: npt.ArrayLike, *, positive: bool = False) -> float | FloatArray:
    """Return numbers that are at least zero, or above zero where `positive`."""
    sizes = checked_values(name, values)
    lowest = float(np.min(sizes, initial=np.inf))
    if lowest < 0 or (positive and lowest == 0):
        bound = "positive" if positive else "at least 0"
        raise ValueError(f"{name} must be {bound}, got {lowest:g}; pass its absolute value, in weight units.")
    return sizes


def check_broadcast(name: str, values: float | FloatArray, weights: FloatArray) -> None:
    """Refuse parameters that do not broadcast to the shape of the weights."""
    try:
        fits = np.broadcast_shapes(np.shape(values), weights.shape) == weights.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name} of shape {np.shape(values)} does not broadcast to weights of shape {weights.shape}; "
            "pass one number, (r, 1) for one value a row, (d,) for one a column, or the full shape."
        )


def fit_to(name: str, values: float | FloatArray, weights: FloatArray) -> FloatArray:
    """Return parameters in the dtype of the weights, so that float32 weights give float32 draws."""
    check_broadcast(name, values, weights)
    with np.errstate(over="ignore"):
        cast: FloatArray = np.asarray(values).astype(weights.dtype)
    if not np.isfinite(cast).all():
        raise ValueError(f"{name} overflows {weights.dtype}; pass the weights in float64.")
    return cast


def check_matrices(weights: FloatArray, what: str) -> None:
    """Refuse weights without rows and columns."""
    if weights.ndim < 2:
        raise ValueError(
            f"{what} needs weights of shape (..., r, d), got {weights.shape}; reshape a vector to "
            "(1, d) or (r, 1), or use ElementDeletion."
        )


def same_parameters(left: Any, right: object) -> bool:
    """Whether two corruptions are of one class with equal parameters (arrays compared whole)."""
    names = [field.name for field in fields(left)]
    return type(left) is type(right) and all(
        np.array_equal(getattr(left, name), getattr(right, name)) for name in names
    )


def parameter_hash(corruption: Any) -> int:
    """Return a hash that agrees with `same_parameters`."""
    values = [np.asarray(getattr(corruption, field.name)) for field in fields(corruption)]
    return hash((type(corruption), *((value.shape, value.tobytes()) for value in values)))
