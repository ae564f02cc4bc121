"""Singular values of task sets and the ranks that summarise a spectrum."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array
from mtl_simulators.geometry import square_root


def singular_values(weights: npt.ArrayLike, covariance: npt.ArrayLike | None = None) -> FloatArray:
    r"""Return the singular values of the task matrix as the inputs see it, descending.

    $s_i(\Sigma^{1/2} C)$ with $C = [c_1 \dots c_T]$ the `d x T` task matrix; $\Sigma = I$ where no
    covariance is given.

    Parameters
    ----------
    weights
        Task vectors as rows, shape `(B, T, d)`.
    covariance
        Second moment of the inputs, shape `(d, d)` or one a replicate `(B, d, d)`.

    Returns
    -------
    FloatArray
        Shape `(B, min(T, d))`.

    Raises
    ------
    ValueError
        On NaN, a wrong shape, or a covariance that is not positive semidefinite.

    Examples
    --------
    >>> singular_values([[[3.0, 0.0], [0.0, 4.0]]])
    array([[4., 3.]])
    """
    values: FloatArray = np.linalg.svd(whiten(weights, covariance), compute_uv=False)
    return values


def whiten(weights: npt.ArrayLike, covariance: npt.ArrayLike | None) -> FloatArray:
    """Return task vectors `(B, T, d)` whose plain inner products are the covariance's inner products."""
    tasks = finite_array("weights", weights, ndim=3).astype(np.float64, copy=False)
    if 0 in tasks.shape:
        raise ValueError(f"weights has shape {tasks.shape}: expected (B, T, d) with at least one of each.")
    if covariance is None:
        return tasks
    root = square_root(covariance)
    if root.shape[-1] != tasks.shape[-1] or (root.ndim == 3 and len(root) not in (1, len(tasks))):
        raise ValueError(f"covariance {root.shape} does not fit weights {tasks.shape}: expected ([B,] d, d).")
    return np.asarray(tasks @ root)


def effective_rank(spectrum: npt.ArrayLike) -> FloatArray:
    r"""Return the exponential of the entropy of the normalised singular values.

    $\exp\bigl(-\sum_i p_i \log p_i\bigr)$, $p_i = s_i / \sum_j s_j$: from 1 (rank one) to m (all equal).
    Source: Roy and Vetterli 2007, section 2.

    Parameters
    ----------
    spectrum
        Singular values in any order, shape `(..., m)`.

    Returns
    -------
    FloatArray
        Shape `(...)`.

    Raises
    ------
    ValueError
        On a negative entry or a spectrum of zeros.

    Examples
    --------
    >>> float(effective_rank([2.0, 2.0, 2.0, 0.0]).round(12))
    3.0
    """
    scaled = _nonzero_spectrum(spectrum)
    shares = scaled / scaled.sum(axis=-1, keepdims=True)
    logs = np.log(np.where(shares > 0, shares, 1.0))  # 0 log 0 = 0
    return _array(np.exp(-(shares * logs).sum(axis=-1)))


def stable_rank(spectrum: npt.ArrayLike) -> FloatArray:
    r"""Return $\lVert A \rVert_F^2 / \lVert A \rVert_2^2 = \sum_i s_i^2 / s_1^2$ from singular values.

    Parameters
    ----------
    spectrum
        Singular values in any order, shape `(..., m)`.

    Returns
    -------
    FloatArray
        Shape `(...)`, between 1 and the rank.

    Raises
    ------
    ValueError
        On a negative entry or a spectrum of zeros.

    Examples
    --------
    >>> float(stable_rank([2.0, 1.0, 1.0]))
    1.5
    """
    return _array((_nonzero_spectrum(spectrum) ** 2).sum(axis=-1))


def participation_ratio(spectrum: npt.ArrayLike) -> FloatArray:
    r"""Return $(\operatorname{tr} \Sigma)^2 / \operatorname{tr} \Sigma^2$ from the eigenvalues of $\Sigma$.

    The number of directions that carry the trace, $r_{\mathrm{eff}}$ of the inputs. It is taken of
    eigenvalues: for a task set pass the *squared* singular values.

    Parameters
    ----------
    spectrum
        Eigenvalues in any order, shape `(..., m)`.

    Returns
    -------
    FloatArray
        Shape `(...)`, between 1 and the rank.

    Raises
    ------
    ValueError
        On a negative entry or a spectrum of zeros.

    Examples
    --------
    >>> float(participation_ratio([2.0, 2.0, 0.0]))
    2.0
    """
    scaled = _nonzero_spectrum(spectrum)
    return _array(scaled.sum(axis=-1) ** 2 / (scaled**2).sum(axis=-1))


def _nonzero_spectrum(spectrum: npt.ArrayLike) -> FloatArray:
    """Return the spectrum divided by its largest value: every rank here ignores the scale."""
    array = np.asarray(spectrum)
    values = finite_array("spectrum", array, ndim=max(array.ndim, 1)).astype(np.float64, copy=False)
    if values.shape[-1] == 0 or (values < 0).any():
        raise ValueError(
            f"spectrum of shape {values.shape} must hold non-negative values, at least one on the last axis; "
            "clip rounding below zero first."
        )
    largest = values.max(axis=-1, keepdims=True)
    if (largest == 0).any():
        raise ValueError("spectrum holds only zeros, whose rank is undefined; drop the empty matrix.")
    return _array(values / largest)


def _array(values: npt.ArrayLike) -> FloatArray:
    array: FloatArray = np.asarray(values)
    return array
