"""The noise slope of a task set, the error it buys, and the noise level where two task sets meet."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, positive_int
from mtl_theory.spectral._spectra import singular_values, whiten


def noise_slope(weights: npt.ArrayLike, capacity: int, covariance: npt.ArrayLike | None = None) -> FloatArray:
    r"""Return the growth of the mean squared error per unit of weight noise.

    $R(T) = \frac{1}{T} \sum_{i \le k} s_i(\Sigma^{1/2} C)^2$. With whitened rows of the shared map
    ($W \Sigma W^\top = I$) and noise of variance $\sigma^2$ on its entries the average error is
    $\mathrm{MSE}_0 + \kappa \sigma^2 R$, $\kappa = \operatorname{tr} \Sigma$.
    Source: Daras et al. 2022, equation (8).

    Parameters
    ----------
    weights
        Task vectors as rows, shape `(B, T, d)`.
    capacity
        Rows k of the shared map; from `min(T, d)` on the slope is the mean squared task norm.
    covariance
        Second moment of the inputs, shape `(d, d)` or `(B, d, d)`; the identity if not given.

    Returns
    -------
    FloatArray
        Shape `(B,)`.

    Raises
    ------
    ValueError
        On a capacity below one or arrays that do not fit.

    Examples
    --------
    Three orthonormal tasks through a map of one row:

    >>> noise_slope([[[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]], 1).round(4)
    array([0.3333])
    """
    tasks = whiten(weights, covariance)
    n_tasks, n_features = tasks.shape[1:]
    gram = tasks @ tasks.mT if n_tasks <= n_features else tasks.mT @ tasks
    return np.asarray(top_sum(gram, positive_int("capacity", capacity)) / n_tasks)


def noise_slopes(
    weights: npt.ArrayLike, capacity: int, covariance: npt.ArrayLike | None = None
) -> FloatArray:
    r"""Return the noise slope of the first t tasks for every t.

    $R_t = \frac{1}{t} \sum_{i \le k} s_i(\Sigma^{1/2} C_t)^2$, $C_t$ the first t task vectors,
    $t = 1 \dots T$. The Gram matrix of the first t tasks is a leading block of that of all T.

    Parameters
    ----------
    weights
        Task vectors as rows, shape `(B, T, d)`.
    capacity
        Rows k of the shared map.
    covariance
        Second moment of the inputs, shape `(d, d)` or `(B, d, d)`; the identity if not given.

    Returns
    -------
    FloatArray
        Shape `(B, T)`; the last column equals `noise_slope`.

    Raises
    ------
    ValueError
        On a capacity below one or arrays that do not fit.

    Examples
    --------
    >>> noise_slopes([[[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]], 2).round(4)
    array([[1.    , 1.    , 0.6667]])
    """
    tasks = whiten(weights, covariance)
    gram = tasks @ tasks.mT
    return prefix_slopes(gram, positive_int("capacity", capacity), first=1)


def prefix_slopes(gram: FloatArray, capacity: int, *, first: int) -> FloatArray:
    """Return the slopes of the leading blocks of size `first`, ..., T of Gram matrices `(B, T, T)`."""
    sizes = range(first, gram.shape[-1] + 1)
    slopes: FloatArray = np.stack([top_sum(gram[:, :t, :t], capacity) / t for t in sizes], axis=-1)
    return slopes


def top_sum(gram: FloatArray, capacity: int) -> FloatArray:
    """Return the sum of the `capacity` largest eigenvalues of each symmetric matrix, shape `(B,)`."""
    if capacity >= gram.shape[-1]:
        trace: FloatArray = np.trace(gram, axis1=-2, axis2=-1)
        return trace
    total: FloatArray = np.linalg.eigvalsh(gram)[..., -capacity:].sum(axis=-1)
    return total


def clean_error(weights: npt.ArrayLike, capacity: int, covariance: npt.ArrayLike | None = None) -> FloatArray:
    r"""Return the average error that a shared map of k rows cannot avoid, without noise.

    $\mathrm{MSE}_0 = \frac{1}{T} \sum_{i > k} s_i(\Sigma^{1/2} C)^2 = \nu - R$ (Eckart and Young 1936).

    Parameters
    ----------
    weights
        Task vectors as rows, shape `(B, T, d)`.
    capacity
        Rows k of the shared map.
    covariance
        Second moment of the inputs, shape `(d, d)` or `(B, d, d)`; the identity if not given.

    Returns
    -------
    FloatArray
        Shape `(B,)`; zero from capacity `min(T, d)` on.

    Raises
    ------
    ValueError
        On a capacity below one or arrays that do not fit.

    Examples
    --------
    >>> clean_error([[[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]], 1).round(4)
    array([0.6667])
    """
    # From the singular values, not as nu - R, which would lose a small tail to cancellation.
    values = singular_values(weights, covariance)
    n_tasks = np.shape(weights)[1]
    tail: FloatArray = (values[:, positive_int("capacity", capacity) :] ** 2).sum(axis=-1) / n_tasks
    return tail


def mean_square_norm(weights: npt.ArrayLike, covariance: npt.ArrayLike | None = None) -> FloatArray:
    r"""Return the mean squared task norm $\nu = \frac{1}{T} \sum_t c_t^\top \Sigma c_t$.

    It is what the clean error and the noise slope share out: $\nu = \mathrm{MSE}_0 + R$ at any capacity.

    Parameters
    ----------
    weights
        Task vectors as rows, shape `(B, T, d)`.
    covariance
        Second moment of the inputs, shape `(d, d)` or `(B, d, d)`; the identity if not given.

    Returns
    -------
    FloatArray
        Shape `(B,)`.

    Raises
    ------
    ValueError
        On arrays that do not fit.

    Examples
    --------
    >>> mean_square_norm([[[3.0, 4.0], [0.0, 1.0]]])
    array([13.])
    """
    norms: FloatArray = (whiten(weights, covariance) ** 2).sum(axis=-1).mean(axis=-1)
    return norms


def crossover_variance(
    nu_first: npt.ArrayLike, slope_first: npt.ArrayLike, nu_second: npt.ArrayLike, slope_second: npt.ArrayLike
) -> FloatArray:
    r"""Return the noise level from which the second task set has the smaller error.

    $\kappa \sigma^2_{\mathrm{thres}} = 1 + (\nu_2 - \nu_1) / (R_1 - R_2)$, where the lines
    $\mathrm{MSE} = \nu + (\kappa \sigma^2 - 1) R$ meet. One for task sets of equal mean norm. A value
    below zero says that the second set is better at every noise level, none included.

    Parameters
    ----------
    nu_first, nu_second
        Mean squared task norms, shapes that broadcast.
    slope_first, slope_second
        Noise slopes at the same capacity, shapes that broadcast.

    Returns
    -------
    FloatArray
        $\kappa \sigma^2_{\mathrm{thres}}$ in the broadcast shape; divide by $\kappa = \operatorname{tr}
        \Sigma$ for the variance.

    Raises
    ------
    ValueError
        Where the second slope is not below the first: no noise level makes the second set better from
        there on.

    Examples
    --------
    >>> float(crossover_variance(1.0, 0.5, 1.0, 0.3333))
    1.0
    """
    names = ("nu_first", "slope_first", "nu_second", "slope_second")
    given = (nu_first, slope_first, nu_second, slope_second)
    nu_1, r_1, nu_2, r_2 = np.broadcast_arrays(
        *(finite_array(n, v, ndim=np.ndim(v)) for n, v in zip(names, given, strict=True))
    )
    rising = np.argwhere(r_2 >= r_1)
    if len(rising):
        where = tuple(int(i) for i in rising[0])
        raise ValueError(
            f"the noise slope does not fall at index {where} ({r_1[where]:.6g} to {r_2[where]:.6g}), so the "
            "second task set wins from no noise level on; keep the entries with slope_second < slope_first."
        )
    crossover: FloatArray = np.asarray(1.0 + (nu_2 - nu_1) / (r_1 - r_2))
    return crossover
