"""Subspaces as orthonormal rows: random ones, ones at requested principal angles, and the angles measured."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, positive_int
from mtl_simulators.geometry._haar import haar_rows, orthonormalise


def make_subspace(
    rng: np.random.Generator, *, n_features: int, dimension: int, n_replicates: int = 1
) -> FloatArray:
    """Draw Haar-random orthonormal rows that span a uniform random subspace, shape `(B, dimension, d)`.

    Raises
    ------
    ValueError
        On a dimension above `n_features`, or sizes that are not positive integers.

    >>> basis = make_subspace(np.random.default_rng(0), n_features=6, dimension=2)
    >>> bool(np.allclose(basis @ basis.mT, np.eye(2), atol=1e-12))
    True
    """
    positive_int("n_features", n_features)
    positive_int("dimension", dimension)
    positive_int("n_replicates", n_replicates)
    if dimension > n_features:
        raise ValueError(
            f"dimension={dimension} exceeds n_features={n_features}; pass a dimension of 1 to {n_features}."
        )
    return haar_rows(rng, n_replicates, dimension, n_features)


def make_subspace_at_angles(
    rng: np.random.Generator, *, basis: npt.ArrayLike, angles: npt.ArrayLike, n_replicates: int = 1
) -> FloatArray:
    r"""Draw orthonormal rows whose span makes requested angles with that of `basis`, shape `(B, r, d)`.

    Row $i$ is $\cos\theta_i \, q_i + \sin\theta_i \, z_i$: the $q_i$ are a Haar-random orthonormal basis of
    the span of `basis`, the $z_i$ Haar-random orthonormal vectors of its orthogonal complement. So the
    principal angles are the $\theta_i$, and row $i$ is itself a principal vector of $\theta_i$.

    Parameters
    ----------
    basis
        Linearly independent rows, `(r, d)` or `(B, r, d)`, not necessarily orthonormal.
    angles
        Principal angles $\theta$ in radians, shape `(r,)`, in $[0, \pi/2]$ and in any order.
    n_replicates
        Replicates `B` to draw around one basis; left at 1 when `basis` already holds several.

    Raises
    ------
    ValueError
        On dependent rows, angles outside $[0, \pi/2]$ or not `r` of them, `d` below `r` plus the number of
        non-zero angles, or replicates that do not fit.

    Source: Björck and Golub (1973), Theorem 1.

    >>> rng = np.random.default_rng(0)
    >>> basis = make_subspace(rng, n_features=7, dimension=2)
    >>> other = make_subspace_at_angles(rng, basis=basis, angles=[0.1, 1.2])
    >>> principal_angles(basis, other).round(12).tolist()
    [[0.1, 1.2]]
    """
    rows = _row_basis("basis", finite_array("basis", basis, ndim=(2, 3)))
    rows = rows if rows.ndim == 3 else rows[None]
    positive_int("n_replicates", n_replicates)
    if len(rows) != 1 and n_replicates not in (1, len(rows)):
        raise ValueError(
            f"n_replicates={n_replicates}, but basis holds {len(rows)} replicates; leave it at 1."
        )
    n_replicates = max(n_replicates, len(rows))
    r, d = rows.shape[1:]
    theta = _angles(angles, r)
    n_outside = int(np.count_nonzero(theta))
    if r + n_outside > d:
        raise ValueError(
            f"{n_outside} non-zero angles to {r} dimensions need at least {r + n_outside} features, "
            f"got {d}: at most {d - r} angles can differ from 0; raise n_features or set angles to 0."
        )
    rng_inside, rng_outside = rng.spawn(2)
    inside = haar_rows(rng_inside, n_replicates, r, r) @ rows
    outside = rng_outside.standard_normal((n_replicates, n_outside, d))
    # One factorisation of both keeps the complement orthogonal to rounding, however little of it is left.
    frame = orthonormalise(np.concatenate([inside, outside], axis=1))
    subspace = np.cos(theta)[:, None] * frame[:, :r]
    tilted = theta > 0
    subspace[:, tilted] += np.sin(theta[tilted])[:, None] * frame[:, r:]
    return subspace


def principal_angles(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    r"""Return the principal angles between two row spans, in radians, ascending, shape `(..., min(r1, r2))`.

    With orthonormal bases $A$ and $B$, of which $B$ is not the larger, $\cos\theta_k$ are the singular values
    of $B A^\top$ and $\sin\theta_k$ those of $B (I - A^\top A)$. The angle is taken from both, so that angles
    near 0, where the cosine is flat, and near $\pi/2$, where the sine is, are equally accurate.

    Parameters
    ----------
    first, second
        Linearly independent rows, `(..., r1, d)` and `(..., r2, d)`; leading axes broadcast.

    Raises
    ------
    ValueError
        On linearly dependent rows, which leave the number of angles open, or shapes that do not fit.

    Source: Björck and Golub (1973), "Numerical methods for computing angles between linear subspaces".

    >>> principal_angles([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[1.0, 0.0, 1.0]]).round(6).tolist()
    [0.785398]
    """
    a = _row_basis("first", finite_array("first", first, ndim=(2, 3, 4)))
    b = _row_basis("second", finite_array("second", second, ndim=(2, 3, 4)))
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"first {a.shape} and second {b.shape} differ in features; pass the same last axis.")
    try:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError as error:
        raise ValueError(
            f"leading axes of first {a.shape} and second {b.shape} do not broadcast; make them equal or 1."
        ) from error
    if a.shape[-2] < b.shape[-2]:
        a, b = b, a
    inner = b @ a.mT
    cosines = np.linalg.svd(inner, compute_uv=False)
    sines = np.linalg.svd(b - inner @ a, compute_uv=False)
    angles: FloatArray = np.arctan2(sines[..., ::-1], cosines)
    return angles


def _row_basis(name: str, rows: FloatArray) -> FloatArray:
    """Return an orthonormal basis of the row span, shape `(..., r, d)`, refusing linearly dependent rows."""
    r, d = rows.shape[-2:]
    if rows.size == 0 or r > d:
        raise ValueError(
            f"{name} has shape {rows.shape}: pass 1 to {d} linearly independent rows (..., r, d)."
        )
    # The span does not depend on the length of the rows, so a short row is no sign of a missing rank.
    largest = np.abs(rows).max(axis=-1, keepdims=True)
    scaled = rows.astype(np.float64) / np.where(largest > 0, largest, 1.0)
    _, singular, basis = np.linalg.svd(scaled, full_matrices=False)
    # The rank rule of numpy.linalg.matrix_rank.
    rank = (singular > max(r, d) * np.finfo(np.float64).eps * singular[..., :1]).sum(axis=-1)
    if (rank < r).any():
        raise ValueError(
            f"{name} has {r} rows that span only {int(rank.min())} dimensions; drop the dependent rows."
        )
    return basis


def _angles(angles: npt.ArrayLike, r: int) -> FloatArray:
    theta = finite_array("angles", angles, ndim=1).astype(np.float64)
    if theta.shape != (r,):
        raise ValueError(
            f"angles has shape {theta.shape} for a basis of {r} rows; pass one angle a row, ({r},)."
        )
    if (theta < 0).any() or (theta > np.pi / 2).any():
        raise ValueError(
            f"angles {theta.tolist()} leave [0, pi/2], where principal angles lie; pass radians, and "
            "pi - angle for an obtuse one."
        )
    return theta
