r"""Triangular factors of Wishart matrices, drawn without the normal matrices behind them."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def wishart_factor(
    rng: np.random.Generator,
    *,
    n_replicates: int,
    dimension: int,
    degrees: npt.ArrayLike,
    dtype: npt.DTypeLike = DOUBLE,
) -> FloatArray:
    r"""Draw lower trapezoidal $C$ with $C C^\top \sim W_p(I, m)$, for any number $m \ge 0$ of degrees.

    The QR decomposition of an $m \times p$ standard normal matrix has independent entries: $N(0, 1)$ above
    the diagonal of the upper factor, $\chi_{m - i}$ on it (i from 0). For $m < p$ the factor has m columns.

    Parameters
    ----------
    dimension
        $p$.
    degrees
        Integer degrees of freedom m: one number, or one a task, shape `(T,)`.
    dtype
        Single or double precision.

    Returns
    -------
    FloatArray
        Shape `(B, p, k)` or `(B, T, p, k)`, where k is the smaller of p and the largest m; where tasks have
        fewer degrees than k, their columns beyond are zero.

    Source: Bartlett 1933; Odell and Feiveson 1966.
    """
    degrees = np.asarray(degrees)
    columns = min(dimension, int(degrees.max()))
    batch = (n_replicates, *degrees.shape)
    lower = np.tril_indices(dimension, -1, columns)
    diagonal = np.arange(columns)
    left = np.maximum(degrees[..., None] - diagonal, 0)
    factor: FloatArray = np.zeros((*batch, dimension, columns), dtype)
    factor[..., *lower] = standard_normal(rng, (*batch, len(lower[0])), dtype)
    factor[..., diagonal, diagonal] = chi(rng, left, (*batch, columns), dtype)
    if (left == 0).any():
        factor *= (left > 0)[..., None, :]
    return factor


def standard_normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: npt.DTypeLike) -> FloatArray:
    """Draw standard normal numbers in single or double precision."""
    if np.dtype(dtype) == SINGLE:
        return rng.standard_normal(shape, dtype=np.float32)
    return rng.standard_normal(shape)


def chi(
    rng: np.random.Generator, degrees: npt.ArrayLike, shape: tuple[int, ...], dtype: npt.DTypeLike
) -> FloatArray:
    r"""Draw $\chi_m$, the norm of m standard normal numbers; zero for m = 0."""
    half = np.asarray(degrees) / 2
    if np.dtype(dtype) == SINGLE:
        return np.sqrt(2 * rng.standard_gamma(half, size=shape, dtype=np.float32))
    return np.sqrt(2 * rng.standard_gamma(half, size=shape))


def inverse_lower(factor: FloatArray) -> FloatArray:
    """Return the inverses of lower triangular matrices `(B, p, p)` by forward substitution.

    Row by row over the whole batch: a third of the time of `numpy.linalg.inv`, which does not know the shape.
    """
    inverse = np.zeros_like(factor)
    for i in range(factor.shape[-1]):
        pivot = 1 / factor[:, i, i]
        if i:
            row = factor[:, i : i + 1, :i] @ inverse[:, :i, :i]
            inverse[:, i, :i] = -row[:, 0] * pivot[:, None]
        inverse[:, i, i] = pivot
    return inverse
