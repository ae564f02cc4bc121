"""Many tasks on one design: the risk at every capacity, and which capacity to take."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import finite_array, positive_int
from mtl_simulators.problems import Moments
from mtl_theory.asymptotics._arguments import number_array
from mtl_theory.asymptotics._pooled import single_task_risk


def capacity_risk(
    eigenvalues: npt.ArrayLike,
    *,
    n_samples: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
) -> FloatArray:
    r"""Return the limit of the average risk of T tasks at capacity r = 0, ..., T.

    $$g_r = \frac{1}{T} \sum_{j > r} \lambda_j + \frac{r}{T} \frac{p \sigma^2}{n - p},$$

    with $\lambda_j$ the eigenvalues of $W \Sigma W^\top$, W the `T x p` task vectors. For reduced-rank
    regression on one design with a gap between $\lambda_r$ and $\lambda_{r+1}$ and T small beside p.
    Source: Yang, Zhang, Wu, Su, Ré 2020, many tasks.

    Parameters
    ----------
    eigenvalues
        $\lambda_1 \ge \dots \ge \lambda_T \ge 0$ of all T tasks (any order is sorted), shape `(..., T)`.
    n_samples, n_features
        n > p; shapes that broadcast with the leading axes.
    noise
        Standard deviation of the label noise.

    Returns
    -------
    FloatArray
        Shape `(..., T + 1)`: g_0, the risk of predicting zero, to g_T, that of single tasks.

    Raises
    ------
    ValueError
        When n <= p or an eigenvalue is negative.

    Examples
    --------
    >>> capacity_risk([8, 4, 1.5, 0.6], n_samples=150, n_features=60, noise=1.0).round(3)
    array([3.525, 1.692, 0.858, 0.65 , 0.667])
    """
    values = _descending(eigenvalues)
    alone = single_task_risk(n_samples, n_features, noise)[..., None]
    n_tasks = values.shape[-1]
    tails = np.cumsum(values[..., ::-1], axis=-1)[..., ::-1]
    tails = np.concatenate([tails, np.zeros((*values.shape[:-1], 1))], axis=-1)
    return np.asarray((tails + np.arange(n_tasks + 1) * alone) / n_tasks)


def random_effects_capacity_risk(
    capacity: npt.ArrayLike,
    *,
    n_tasks: int,
    n_samples: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
    spread: npt.ArrayLike,
) -> FloatArray:
    r"""Return $g_r = (1 - r / T) \mu^2 + (r / T) p \sigma^2 / (n - p)$ for random-effects tasks.

    $\beta_t = \beta_0 + N(0, \mu^2 I / p)$ with isotropic inputs and a strong common part. Linear in r: one
    unit is best and transfer positive when $\mu^2 < p \sigma^2 / (n - p)$; otherwise every r < T hurts.
    Source: Yang, Zhang, Wu, Su, Ré 2020, many tasks.

    Parameters
    ----------
    capacity
        r from 1 to T.
    n_tasks
        T, small beside p.
    n_samples, n_features
        n > p.
    noise
        Standard deviation of the label noise.
    spread
        $\mu$.

    Raises
    ------
    ValueError
        When n <= p, or on a capacity outside 1 to T.

    Examples
    --------
    >>> setting = dict(n_tasks=10, n_samples=1000, n_features=100, noise=0.5)
    >>> random_effects_capacity_risk([1, 5, 10], **setting, spread=0.05).round(4)
    array([0.005 , 0.0151, 0.0278])
    """
    r = number_array("capacity", capacity, low=1.0)
    if (r > positive_int("n_tasks", n_tasks)).any():
        raise ValueError(f"capacity must lie between 1 and n_tasks = {n_tasks}, got {r.max():g}.")
    energy = number_array("spread", spread, low=0.0) ** 2
    alone = single_task_risk(n_samples, n_features, noise)
    return np.asarray((1 - r / n_tasks) * energy + r / n_tasks * alone)


def best_capacity(
    eigenvalues: npt.ArrayLike,
    *,
    n_samples: npt.ArrayLike,
    n_features: npt.ArrayLike,
    noise: npt.ArrayLike,
) -> IntArray:
    r"""Return how many eigen-directions are worth keeping: those with $\lambda_j > p \sigma^2 / (n - p)$.

    It minimises `capacity_risk`. Source: derived from the same limit.

    Parameters
    ----------
    eigenvalues
        $\lambda_j \ge 0$ of $W \Sigma W^\top$, shape `(..., T)`.
    n_samples, n_features
        n > p.
    noise
        Standard deviation of the label noise.

    Returns
    -------
    IntArray
        Shape `(...)`; 0 says that predicting zero is better than any capacity.

    Raises
    ------
    ValueError
        When n <= p or an eigenvalue is negative.

    Examples
    --------
    >>> best_capacity([8, 4, 1.5, 0.6, 0.3, 0.1], n_samples=[150, 300, 900], n_features=60, noise=1.0)
    array([3, 5, 6])
    """
    threshold = single_task_risk(n_samples, n_features, noise)
    return np.asarray((_descending(eigenvalues) > threshold[..., None]).sum(axis=-1))


def plug_in_capacity(moments: Moments, noise: npt.ArrayLike | None = None) -> IntArray:
    r"""Return the capacity that the rule of `best_capacity` picks from data.

    The eigenvalues of $Y^\top P_X Y / n - (p \sigma^2 / n) I$ estimate $\lambda_j$; those above
    $p \sigma^2 / (n - p)$ are counted. Source: derived.

    Parameters
    ----------
    moments
        Of tasks that share a design, with n > p.
    noise
        Standard deviation of the label noise; by default estimated from the residuals of least squares.

    Returns
    -------
    IntArray
        Shape `(B,)`.

    Raises
    ------
    ValueError
        On separate designs or n <= p.
    """
    if not moments.shared_design:
        raise ValueError("the rule needs one design for all tasks; use a validation set otherwise.")
    n, p = float(moments.n_samples[0]), moments.n_features
    explained = moments.cross @ np.linalg.solve(moments.gram, moments.cross.mT)
    if noise is None:
        residual = moments.energy.sum(axis=-1) - np.trace(explained, axis1=-2, axis2=-1)
        variance = np.maximum(residual, 0.0) / (moments.n_tasks * max(n - p, 1.0))
    else:
        variance = number_array("noise", noise, low=0.0) ** 2
    threshold = single_task_risk(n, p, np.sqrt(variance))
    values = np.linalg.eigvalsh((explained + explained.mT) / 2) / n - (variance * p / n)[..., None]
    return np.asarray((values > threshold[..., None]).sum(axis=-1))


def _descending(eigenvalues: npt.ArrayLike) -> FloatArray:
    values = finite_array("eigenvalues", eigenvalues, ndim=max(1, np.ndim(eigenvalues)))
    number_array("eigenvalues", values, low=0.0)
    return np.sort(values, axis=-1)[..., ::-1]
