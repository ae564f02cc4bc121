"""Lengths of task vectors and the cosines between them."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, spd_matrix


def cosine_matrix(weights: npt.ArrayLike, covariance: npt.ArrayLike | None = None) -> FloatArray:
    r"""Return the cosines between tasks, shape `(B, T, T)`.

    $\cos_{st} = w_s^\top \Sigma w_t / \sqrt{w_s^\top \Sigma w_s \; w_t^\top \Sigma w_t}$: with inputs of
    covariance $\Sigma$ this is the correlation of the two noiseless targets. It is symmetric, with ones on
    the diagonal and entries in [-1, 1].

    Parameters
    ----------
    weights
        Task vectors, shape `(B, T, d)`.
    covariance
        Metric $\Sigma$, shape `(d, d)`; default identity.

    Raises
    ------
    ValueError
        On a task vector of length zero in the metric, which has no direction, or on shapes that do not fit.

    >>> cosine_matrix([[[1.0, 0.0], [1.0, 1.0]]], covariance=[[3.0, 0.0], [0.0, 1.0]]).round(4).tolist()
    [[[1.0, 0.866], [0.866, 1.0]]]
    """
    directions = _directions(weights)
    image = directions
    rounding = 0.0
    if covariance is not None:
        metric = spd_matrix("covariance", covariance)
        if len(metric) != directions.shape[-1]:
            raise ValueError(
                f"covariance has shape {metric.shape}, but the tasks have {directions.shape[-1]} features; "
                "pass a matrix (d, d)."
            )
        image = directions @ metric
        rounding = len(metric) * np.finfo(np.float64).eps * float(np.abs(metric).max())
    square: FloatArray = np.einsum("btd,btd->bt", directions, image)
    # A unit vector in the null space of the metric measures the rounding of d products.
    degenerate = square <= rounding
    if degenerate.any():
        b, t = (int(i) for i in np.argwhere(degenerate)[0])
        raise ValueError(
            f"task {t} of replicate {b} has length zero in the metric of the covariance, so no cosine; "
            "drop the task or use a covariance that sees it."
        )
    length = np.sqrt(square)
    cosines: FloatArray = directions @ image.mT / length[:, :, None] / length[:, None, :]
    cosines = np.clip((cosines + cosines.mT) / 2, -1.0, 1.0)
    tasks = np.arange(cosines.shape[-1])
    cosines[:, tasks, tasks] = 1.0
    return cosines


def rescale_tasks(weights: npt.ArrayLike, norms: npt.ArrayLike) -> FloatArray:
    r"""Return the task vectors with requested lengths, $w_t \nu_t / \lVert w_t \rVert$, shape `(B, T, d)`.

    Parameters
    ----------
    weights
        Task vectors, shape `(B, T, d)`.
    norms
        Lengths $\nu$: one positive number, or `(T,)`.

    Raises
    ------
    ValueError
        On a task vector that is zero, or norms that are not positive.

    >>> rescale_tasks([[[3.0, 4.0], [0.0, 2.0]]], [1.0, 5.0]).tolist()
    [[[0.6, 0.8], [0.0, 5.0]]]
    """
    directions = _directions(weights)
    rescaled: FloatArray = directions * task_norms(norms, directions.shape[1])[:, None]
    return rescaled


def _directions(weights: npt.ArrayLike) -> FloatArray:
    """Return unit vectors, `(B, T, d)`, refusing a zero one."""
    array = finite_array("weights", weights, ndim=3).astype(np.float64)
    # The largest entry comes out first: squares of very small or very large entries leave double precision.
    largest = np.abs(array).max(axis=-1, keepdims=True, initial=0.0)
    if not largest.all():
        b, t = (int(i) for i in np.argwhere(largest == 0)[0][:2])
        raise ValueError(
            f"task {t} of replicate {b} is the zero vector, which has no direction; drop that task."
        )
    scaled = array / largest
    directions: FloatArray = scaled / np.linalg.norm(scaled, axis=-1, keepdims=True)
    return directions


def task_norms(norms: npt.ArrayLike | None, n_tasks: int) -> FloatArray:
    """Return one positive length a task, `(T,)`."""
    lengths = finite_array("norms", 1.0 if norms is None else norms, ndim=(0, 1)).astype(np.float64)
    if lengths.ndim == 1 and lengths.shape != (n_tasks,):
        raise ValueError(f"norms has shape {lengths.shape}: pass one number or one a task, ({n_tasks},).")
    if not (lengths > 0).all():
        raise ValueError(
            f"norms must be positive, got a smallest value of {lengths.min():g}; drop such tasks."
        )
    return np.broadcast_to(lengths, (n_tasks,))
