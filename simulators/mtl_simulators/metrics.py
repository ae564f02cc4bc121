"""What is measured on a solution: risks, gains, angles, slopes, each with its Monte-Carlo error."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators._validation import finite_array, in_interval, spd_matrix
from mtl_simulators.geometry import principal_angles
from mtl_simulators.problems import ClassificationTruth, Dataset, Moments, Truth
from mtl_simulators.solvers import Solution

__all__ = [
    "Estimate",
    "accuracy_score",
    "classification_error",
    "covariance_similarity",
    "estimate_mean",
    "excess_risk",
    "head_energy",
    "normalized_covariance_similarity",
    "prediction_error",
    "sin_theta",
    "spearman_score",
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

    Raises
    ------
    ValueError
        On weights whose last axes are not `(T, d)`.
    """
    _check_tasks(weights, truth)
    difference = weights - truth.weights
    if truth.shares_covariance:
        image = difference @ truth.covariance
    else:
        image = (difference[..., None, :] @ truth.covariance)[..., 0, :]
    return np.asarray(np.einsum("...ti,...ti->...t", image, difference))


def test_error(weights: FloatArray, data: Dataset | Moments) -> FloatArray:
    """Return the mean squared error on held-out samples, shape `(B, T)`, for weights `(B, T, d)`."""
    return data.squared_error(weights)


test_error.__test__ = False  # type: ignore[attr-defined]  # a metric, not a test that pytest should collect


def prediction_error(solution: Solution, data: Dataset) -> FloatArray:
    r"""Return $\frac{1}{n_t} \sum_i (\hat f_t(x_{ti}) - y_{ti})^2$ on held-out samples, shape `(B, T)`.

    For networks with any activation and link; with linear units it is `test_error` of the weights, and with
    probabilities the Brier score.

    Raises
    ------
    ValueError
        On data whose shapes do not fit the solution's.
    """
    squares = _observed(data) * (solution.predict(data.inputs) - data.targets) ** 2
    return np.asarray(squares.sum(axis=-1) / data.counts)


def spearman_score(solution: Solution, data: Dataset) -> FloatArray:
    r"""Return Spearman's rank correlation of predictions and targets per task, shape `(B, T)`, in [-1, 1].

    Ties have the mean of their ranks. Constant predictions, which rank nothing, score 0.

    Raises
    ------
    ValueError
        On data whose shapes do not fit the solution's, or constant targets.
    """
    from scipy.stats import rankdata

    predictions = solution.predict(data.inputs)
    scores = np.empty(data.targets.shape[:2])
    for task, count in enumerate(data.counts):
        ranks = [
            rankdata(values[:, task, :count], axis=-1) - (count + 1) / 2
            for values in (predictions, data.targets)
        ]
        lengths = [np.linalg.norm(rank, axis=-1) for rank in ranks]
        if not lengths[1].all():
            raise ValueError(f"task {task} has constant targets, which have no ranks; drop it.")
        product = lengths[0] * lengths[1]
        scores[:, task] = (ranks[0] * ranks[1]).sum(axis=-1) / np.where(product > 0, product, 1.0)
    return scores


def accuracy_score(solution: Solution, data: Dataset, *, threshold: float = 0.5) -> FloatArray:
    """Return the fraction of targets 0 and 1 on whose side of the threshold the prediction lies, `(B, T)`.

    The threshold 0.5 suits probabilities and least squares on targets 0 and 1 alike.

    Raises
    ------
    ValueError
        On data whose shapes do not fit the solution's, or targets other than 0 and 1.
    """
    if not np.isin(data.targets, (0.0, 1.0)).all():
        raise ValueError("accuracy needs targets 0 and 1; map the two classes to them.")
    right = (solution.predict(data.inputs) > threshold) == (data.targets > 0)
    return np.asarray((right & _observed(data)).sum(axis=-1) / data.counts)


def classification_error(weights: FloatArray, truth: ClassificationTruth) -> FloatArray:
    r"""Return the probability that $1[x^\top \hat w_t > \tau \lVert \hat w_t \rVert]$ is not the clean label.

    Exact for standard normal inputs, shape `(..., T)` for weights `(..., T, d)`: at the balanced threshold
    $\tau = 0$ it is the angle to the teacher over $\pi$. Weights give the direction, the truth the threshold,
    so predictions have the true share of positives. An error $e$ against clean labels, half of it each
    way, is $e (1 - 2 \nu) + \nu$ against labels that a channel flips with probability $\nu$ both ways.

    Parameters
    ----------
    weights
        Of any length; zero weights call everything negative. Leading axes broadcast against the truth's
        batch.

    Raises
    ------
    ValueError
        On weights whose last axes are not `(T, d)`.

    >>> truth = ClassificationTruth(
    ...     weights=np.eye(2)[None, :1], threshold=0.0, transition=np.eye(2)[None]
    ... )
    >>> classification_error(np.array([[3.0, 3.0]]), truth).round(12).tolist()
    [[0.25]]
    """
    _check_tasks(weights, truth)
    return truth.disagreement(weights)


def covariance_similarity(first: npt.ArrayLike, second: npt.ArrayLike, *, energy: float = 0.99) -> FloatArray:
    r"""Return $\lVert F_1^\top F_2 \rVert_F / (\lVert F_1 \rVert_F \lVert F_2 \rVert_F)$, in [0, 1].

    $F_i = U_i D_i^{1/2}$ holds the leading eigenvectors of a covariance $C_i = U D U^\top$: the fewest whose
    eigenvalues add up to `energy` of the trace. Without truncation the score is
    $\sqrt{\operatorname{tr} C_1 C_2 / (\operatorname{tr} C_1 \operatorname{tr} C_2)}$. It does not depend
    on the scales or on a rotation of both, and is 1 only for equal covariances of rank one: an isotropic one
    scores $1 / \sqrt d$ with itself. `normalized_covariance_similarity` is 1 for any equal ones.

    Parameters
    ----------
    first, second
        Covariances or Gram matrices, `(..., d, d)`; leading axes broadcast.
    energy
        In (0, 1]; 1 for no truncation. What it cuts off may be shared; where equal eigenvalues stand on both
        sides of the cut the score is not determined.

    Returns
    -------
    FloatArray
        The broadcast leading shape.

    Raises
    ------
    ValueError
        On matrices that are not symmetric positive semidefinite or are zero, or shapes that do not fit.

    Source: Wu, Zhang and Ré 2020, equation (6).

    >>> covariance_similarity(np.eye(4), np.eye(4), energy=1.0).item()
    0.5
    """
    if not in_interval("energy", energy, 0.0, 1.0) > 0:
        raise ValueError("energy must be above 0; 1 keeps everything.")
    pair = _covariance_pair(first, second)
    a, b = pair if energy == 1 else (_truncated(matrix, energy) for matrix in pair)
    traces = np.einsum("...ii->...", a) * np.einsum("...ii->...", b)
    # Rounding may leave the product of orthogonal covariances just below zero.
    return np.asarray(np.sqrt(np.maximum(np.einsum("...ij,...ij->...", a, b), 0.0) / traces))


def normalized_covariance_similarity(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    r"""Return $\operatorname{tr} C_1 C_2 / (\lVert C_1 \rVert_F \lVert C_2 \rVert_F)$, in [0, 1].

    The cosine of two covariances as vectors: 1 where they are multiples of each other, 0 where no direction
    varies in both.

    Parameters
    ----------
    first, second
        Covariances or Gram matrices, `(..., d, d)`; leading axes broadcast.

    Raises
    ------
    ValueError
        On matrices that are not symmetric positive semidefinite or are zero, or shapes that do not fit.

    >>> normalized_covariance_similarity([[2.0, 0.0], [0.0, 0.0]], np.eye(2)).round(4).item()
    0.7071
    """
    a, b = _covariance_pair(first, second)
    lengths = np.linalg.norm(a, axis=(-1, -2)) * np.linalg.norm(b, axis=(-1, -2))
    return np.asarray(np.maximum(np.einsum("...ij,...ij->...", a, b), 0.0) / lengths)


def _check_tasks(weights: FloatArray, truth: Truth | ClassificationTruth) -> None:
    """Refuse weights that do not end in the truth's `(T, d)`."""
    if weights.shape[-2:] != truth.weights.shape[-2:]:
        raise ValueError(
            f"weights {weights.shape} do not end in (T, d) = {truth.weights.shape[-2:]}; rows are tasks: "
            "transpose a (d, T) matrix."
        )


def _observed(data: Dataset) -> BoolArray:
    """Return which entries of the targets are samples, not padding, `(T, n)`."""
    return np.asarray(np.arange(data.targets.shape[-1]) < data.counts[:, None])


def _covariance_pair(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two checked covariances, scaled to entries of at most one."""
    pair = []
    for name, values in (("first", first), ("second", second)):
        matrix = spd_matrix(name, values, ndim=range(2, 6)).astype(np.float64)
        largest = np.abs(matrix).max(axis=(-1, -2), keepdims=True)
        if not largest.all():
            raise ValueError(f"{name} holds a zero matrix, which is similar to nothing; drop it.")
        pair.append(matrix / largest)
    try:
        np.broadcast_shapes(pair[0].shape, pair[1].shape)
    except ValueError as error:
        raise ValueError(
            f"first {pair[0].shape} and second {pair[1].shape} do not broadcast; pass matrices of one size."
        ) from error
    return pair[0], pair[1]


def _truncated(matrix: FloatArray, energy: float) -> FloatArray:
    """Return the part of the covariances in the fewest leading directions with `energy` of the trace."""
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, 0.0)
    # Ascending: a direction is kept unless it and all smaller ones together hold at most the rest.
    below = np.cumsum(values, axis=-1)
    total = below[..., -1:]
    kept = np.where(below > (1 - energy) * total * (1 + 1e-12), values, 0.0)
    return np.asarray((vectors * kept[..., None, :]) @ vectors.mT)


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
