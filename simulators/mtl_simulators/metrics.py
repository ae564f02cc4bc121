"""What is measured on a solution: risks, gains, angles, slopes, each with its Monte-Carlo error."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array
from mtl_simulators.geometry import principal_angles
from mtl_simulators.problems import Dataset, Moments, Truth
from mtl_simulators.solvers import Solution

__all__ = [
    "Estimate",
    "estimate_mean",
    "excess_risk",
    "head_energy",
    "sin_theta",
    "test_error",
    "transfer_gain",
]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A Monte-Carlo mean, its standard error, and the draws behind it."""

    mean: FloatArray
    stderr: FloatArray
    n_draws: int


def estimate_mean(draws: FloatArray) -> Estimate:
    """Average over the first axis, with the standard error of the mean (n - 1 in the denominator).

    >>> estimate_mean(np.array([1.0, 3.0])).stderr.item()
    1.0
    """
    draws = finite_array("draws", draws, ndim=range(1, 6))
    if len(draws) < 2:
        raise ValueError("a standard error needs at least 2 draws; ask for more.")
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    return Estimate(mean=np.asarray(draws.mean(axis=0)), stderr=np.asarray(error), n_draws=len(draws))


def excess_risk(weights: FloatArray, truth: Truth) -> FloatArray:
    r"""Return $(\hat w_t - w_t)^\top \Sigma_t (\hat w_t - w_t)$, shape `(..., T)`, for weights `(..., T, d)`.

    Leading axes broadcast against the truth's batch. The paper's mean squared error is the mean over tasks.
    """
    difference = weights - truth.weights
    if truth.shares_covariance:
        image = difference @ truth.covariance
    else:
        image = np.einsum("tij,...tj->...ti", truth.covariance, difference)
    return np.asarray(np.einsum("...ti,...ti->...t", image, difference))


def test_error(weights: FloatArray, data: Dataset | Moments) -> FloatArray:
    """Return the mean squared error on held-out samples, shape `(B, T)`, for weights `(B, T, d)`."""
    moments = data.moments() if isinstance(data, Dataset) else data
    return moments.squared_error(weights)


test_error.__test__ = False  # type: ignore[attr-defined]  # a metric, not a test that pytest should collect


def transfer_gain(single_task: FloatArray, multitask: FloatArray) -> FloatArray:
    """Return the single-task risk minus the multitask risk: positive where sharing helps (Wu et al. 2020)."""
    return np.asarray(single_task - multitask)


def sin_theta(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the sine of the largest principal angle between row spans `(..., r, d)`, in [0, 1]."""
    return np.asarray(np.sin(principal_angles(first, second)[..., -1]))


def head_energy(solution: Solution) -> FloatArray:
    r"""Return $\lVert \Gamma \rVert_F^2 / T$ per replicate, shape `(B,)`.

    For orthonormal rows of the shared map it is the slope of the error in the weight-noise variance.
    Source: Daras et al. 2022, equation (8).
    """
    return np.asarray((solution.heads**2).sum(axis=(-1, -2)) / solution.heads.shape[-2])
