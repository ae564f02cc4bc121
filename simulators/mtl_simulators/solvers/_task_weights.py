"""Weights of tasks, computed from the data: by projection on the leading directions, or by noise."""

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._factorizations import check_capacity
from mtl_simulators.solvers._pooled_rank import gram_ranks
from mtl_simulators.solvers._principal import principal_form


def svd_task_weights(
    data: Dataset | Moments, *, capacity: int, unit_labels: bool = True, whitened: bool = False
) -> FloatArray:
    r"""Return $\alpha_t = \lVert U_r^\top v_t \rVert$, $v_t = X_t^\top y_t$, shape `(B, T)`.

    $U_r$ holds the top r left singular vectors of $[v_1, \dots, v_T]$: a task whose labels project weakly on
    the leading directions gets a small weight.

    As printed (`unit_labels=False`) the weights scale with the labels, and label noise that is added to a
    task makes $\lVert v_t \rVert$ longer, so that a noisy task is typically weighted up. With labels of unit
    length, $y_t / \lVert y_t \rVert$, it is weighted down, and the weights have mean one. Labels that are not
    centred carry their mean in their length: centre them first.

    Parameters
    ----------
    capacity
        r, at most min(d, T).
    unit_labels
        Whether labels are scaled to unit length first, and the weights to mean one.
    whitened
        Whether to take $v_t = (X_t^\top X_t)^{-1/2} X_t^\top y_t$, which makes tasks with different designs
        comparable; with unit labels $\lVert v_t \rVert^2$ is then the $R^2$ of least squares.

    Raises
    ------
    ValueError
        On a capacity above min(d, T), or a task whose labels are all zero.

    Source: Wu, Zhang and Ré (2020), Algorithm 2, which is for tasks with the same inputs.

    >>> two = Moments(gram=np.eye(2)[None], cross=[[[3.0, 0.0], [3.0, 4.0]]], energy=[[9, 25]],
    ...     n_samples=[2, 2])
    >>> svd_task_weights(two, capacity=1).round(2).tolist()
    [[1.0, 1.0]]
    """
    moments = data.moments() if isinstance(data, Dataset) else data
    check_capacity(capacity, moments.cross)
    vectors = _whitened(data) if whitened else moments.cross
    if unit_labels:
        if not (moments.energy > 0).all():
            raise ValueError("a task has labels that are all zero, so no unit-length ones; drop that task.")
        vectors = vectors / np.sqrt(moments.energy)[..., None]
    top = np.linalg.svd(vectors, full_matrices=False)[2][:, :capacity]
    weights = np.linalg.norm(vectors @ top.mT, axis=-1)
    return mean_one(weights) if unit_labels else np.asarray(weights)


def inverse_variance_weights(data: Dataset | Moments) -> FloatArray:
    r"""Return $\alpha_t \propto 1 / \hat\sigma_t^2$ with mean one, shape `(B, T)`.

    $\hat\sigma_t^2$ is the residual sum of squares of least squares per task over $n_t$ minus the rank.

    Raises
    ------
    ValueError
        When a task has no more samples than its design has rank, or is fitted without residual.
    """
    moments = data.moments() if isinstance(data, Dataset) else data
    ranks = gram_ranks(moments.gram)
    freedom = moments.n_samples - (ranks[:, None] if moments.shared_design else ranks)
    if (freedom <= 0).any():
        raise ValueError(
            f"a task has {int(moments.n_samples.min())} samples, no more than its design has rank, so its "
            "noise is not seen; pass more samples, or known variances."
        )
    residual = np.maximum(moments.n_samples * data.squared_error(principal_form(data).minimum_norm()), 0.0)
    if not (residual > 1e-14 * moments.energy).all():
        raise ValueError("a task is fitted without residual, so its weight would be infinite.")
    return mean_one(freedom / residual)


def _whitened(data: Dataset | Moments) -> FloatArray:
    """Return the labels' projections on the designs in whitened features, `(B, T, d)`."""
    form = principal_form(data)
    if form.shared_design:
        return np.asarray(form.coordinates @ form.axes)
    return np.asarray((form.coordinates[..., None, :] @ form.axes)[..., 0, :])


def mean_one(weights: FloatArray) -> FloatArray:
    """Scale weights `(B, T)` to mean one, refusing a replicate where all are zero."""
    mean = weights.mean(axis=-1, keepdims=True)
    if not (mean > 0).all():
        raise ValueError("all task weights are zero: no label is correlated with any input.")
    return np.asarray(weights / mean)
