"""Checks at the public edge: every message says what came, what was expected and the remedy."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray


def finite_array(name: str, values: npt.ArrayLike, *, ndim: int | Sequence[int]) -> FloatArray:
    """Return `values` as a float array of one of the allowed ranks, refusing NaN and infinity."""
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.floating):
        if np.iscomplexobj(array):
            raise ValueError(f"{name} is complex; pass its real and imaginary parts as separate features.")
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be numeric, got dtype {array.dtype}; convert it first.") from error
    allowed = (ndim,) if isinstance(ndim, int) else tuple(ndim)
    if array.ndim not in allowed:
        expected = " or ".join(str(k) for k in allowed)
        raise ValueError(f"{name} has shape {array.shape}: expected {expected} dimensions; reshape it.")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} holds NaN or infinity, first at index {where}; remove or impute it first.")
    return array


def positive_int(name: str, value: int, *, at_least: int = 1) -> int:
    """Return `value` as an int, refusing anything below `at_least`."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} must be an integer of at least {at_least}, got {value!r}.")
    return int(value)


def in_interval(name: str, value: float, low: float, high: float) -> float:
    """Return `value` as a float, refusing anything outside [low, high]."""
    if not np.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {value!r}.")
    return float(value)


def symmetric_matrix(name: str, values: npt.ArrayLike, *, ndim: int | Sequence[int] = 2) -> FloatArray:
    """Return `values` as symmetric matrices on the last two axes, none of them empty."""
    array = finite_array(name, values, ndim=ndim)
    if array.shape[-1] != array.shape[-2] or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}: the last two dimensions must be equal and not empty."
        )
    scale = float(np.abs(array).max()) or 1.0
    # Products such as R R' are symmetric to rounding only: in single precision that is above 1e-8.
    rounding = max(1e-8, 64 * float(np.finfo(array.dtype).eps))
    if not np.allclose(array, np.swapaxes(array, -1, -2), atol=rounding * scale):
        raise ValueError(f"{name} is not symmetric; pass (A + A.T) / 2 if that is what you mean.")
    return array


def nonnegative_spectrum(name: str, eigenvalues: FloatArray) -> FloatArray:
    """Return the eigenvalues `(..., d)` of `name`, rounding below zero clipped, refusing negative ones."""
    lowest, size = eigenvalues.min(axis=-1), np.abs(eigenvalues).max(axis=-1)
    if (lowest < -1e-8 * size).any():
        raise ValueError(
            f"{name} is not positive semidefinite (smallest eigenvalue {lowest.min():.3g}); "
            "clip its negative eigenvalues or ask for smaller correlations."
        )
    clipped: FloatArray = np.maximum(eigenvalues, 0.0)
    return clipped


def spd_matrix(name: str, values: npt.ArrayLike, *, ndim: int | Sequence[int] = 2) -> FloatArray:
    """Return `values` as symmetric positive semidefinite matrices on the last two axes."""
    array = symmetric_matrix(name, values, ndim=ndim)
    nonnegative_spectrum(name, np.linalg.eigvalsh(array))
    return array
