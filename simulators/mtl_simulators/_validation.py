"""Checks at the public edge: every message says what came, what was expected and the remedy."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray, IntArray


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


def array_in_interval(name: str, values: npt.ArrayLike, low: float, high: float) -> FloatArray:
    """Return `values` of any shape as a float array, refusing anything outside [low, high]."""
    array = finite_array(name, values, ndim=range(np.ndim(values) + 1))
    if ((array < low) | (array > high)).any():
        raise ValueError(
            f"{name} must lie in [{low:g}, {high:g}], got values from {array.min():.17g} to "
            f"{array.max():.17g}; clip what is rounding."
        )
    return array


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


def distributions(name: str, values: npt.ArrayLike, *, ndim: int | Sequence[int] = 1) -> FloatArray:
    """Return `values` as probability distributions on the last axis, sums rounded away from 1 set to 1."""
    array = finite_array(name, values, ndim=ndim).astype(np.float64)
    if array.size == 0 or (array < 0).any():
        got = f"shape {array.shape}" if array.size == 0 else f"a smallest value of {array.min():g}"
        raise ValueError(f"{name} must hold probabilities, got {got}; pass values in [0, 1] that sum to 1.")
    totals = array.sum(axis=-1, keepdims=True)
    worst = float(totals.flat[np.abs(totals - 1.0).argmax()])
    # Fractions given in single precision miss 1 by up to about 1e-7.
    if abs(worst - 1.0) > 1e-6:
        raise ValueError(f"{name} must sum to 1 on the last axis, got {worst:g}; divide by the sum.")
    normalised: FloatArray = array / totals
    return normalised


def label_codes(
    name: str, values: npt.ArrayLike, *, n_labels: int | None = None, ndim: int | Sequence[int] = 1
) -> IntArray:
    """Return `values` as label codes of an allowed rank, refusing what is not an integer in 0..n_labels-1."""
    codes = np.asarray(values)
    allowed = (ndim,) if isinstance(ndim, int) else tuple(ndim)
    if codes.ndim not in allowed or codes.size == 0 or not np.issubdtype(codes.dtype, np.integer):
        expected = " or ".join(str(k) for k in allowed)
        raise ValueError(
            f"{name} must be a non-empty array of integer codes with {expected} dimensions, "
            f"got shape {codes.shape} of {codes.dtype}; "
            "number the labels 0..k-1, for instance with np.unique(..., return_inverse=True)."
        )
    if codes.min() < 0 or (n_labels is not None and codes.max() >= n_labels):
        top = "" if n_labels is None else f"..{n_labels - 1}"
        raise ValueError(
            f"{name} must hold codes 0{top}, got values from {codes.min()} to {codes.max()}; renumber them."
        )
    return codes
