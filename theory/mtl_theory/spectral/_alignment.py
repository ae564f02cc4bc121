"""Scores of how far task vectors, or the subspaces of two maps, point the same way."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators.geometry import cosine_matrix, principal_angles


def mean_cosine(weights: npt.ArrayLike, covariance: npt.ArrayLike | None = None) -> FloatArray:
    r"""Return the average cosine between two different tasks.

    $\frac{1}{T (T - 1)} \sum_{s \ne t} \cos(c_s, c_t)$, in the inner product of $\Sigma$. From
    $-1 / (T - 1)$ (unit vectors that sum to zero) to 1. For unit tasks with one common cosine $\rho \ge 0$
    the slope at capacity one is $(1 + (T - 1) \rho) / T$.

    Parameters
    ----------
    weights
        Task vectors as rows, shape `(B, T, d)`, none zero.
    covariance
        Second moment of the inputs, shape `(d, d)`; the identity if not given.

    Returns
    -------
    FloatArray
        Shape `(B,)`.

    Raises
    ------
    ValueError
        On a single task, a task of length zero, or arrays that do not fit.

    Examples
    --------
    >>> mean_cosine([[[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]]]).round(4)
    array([0.3333])
    """
    cosines = cosine_matrix(weights, covariance)
    n_tasks = cosines.shape[-1]
    if n_tasks < 2:
        raise ValueError(f"a mean cosine needs at least two tasks, got weights of shape {np.shape(weights)}.")
    total = cosines.sum(axis=(-2, -1)) - n_tasks
    mean: FloatArray = total / (n_tasks * (n_tasks - 1))
    return mean


def subspace_alignment(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    r"""Return the mean squared cosine of the principal angles between two row spans.

    $\frac{1}{m} \sum_{i \le m} \cos^2 \theta_i$, m the smaller dimension: 1 if one span holds the other, 0
    if they are orthogonal, on average $\max(r_1, r_2) / d$ for independent random spans.

    Parameters
    ----------
    first, second
        Linearly independent rows, `(..., r1, d)` and `(..., r2, d)`; leading axes broadcast.

    Returns
    -------
    FloatArray
        The broadcast leading shape.

    Raises
    ------
    ValueError
        On dependent rows or shapes that do not fit.

    Examples
    --------
    >>> float(subspace_alignment([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[1.0, 0.0, 1.0]]).round(12))
    0.5
    """
    angles = principal_angles(first, second)
    return np.asarray((np.cos(angles) ** 2).mean(axis=-1))
