"""Solvers with one shared map of capacity r."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators._validation import finite_array
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._factorizations import Factorization, check_capacity, orthonormal_rows
from mtl_simulators.solvers._principal import principal_form
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._solve import Fit

TIE = 1e-10  # gap, relative to the largest, below which two singular values count as equal


@dataclass(frozen=True, kw_only=True)
class SharedRepresentation:
    r"""Global minimum of $\sum_t \alpha_t \lVert X W^\top \gamma_t - y_t \rVert^2$ over maps of r rows.

    For a shared design (or equal Gram matrices) with least-squares matrix $\hat\Theta$ and
    $Z = S V^\top \hat\Theta$, the minimiser is $\hat\Theta$ projected on the top r eigenvectors of the
    `T x T` matrix $Z^\top Z = Y^\top P_X Y$ (reduced-rank regression). Source: Izenman 1975; Wu, Zhang, Ré
    2020, Proposition 5; for $X^\top X \propto I$ the SVD solution of Daras et al. 2022, equation (4).

    Parameters
    ----------
    capacity
        Rows r of the shared map, at most min(d, T).
    factorization
        How the product is split into map and heads; see `mtl_simulators.solvers` for the choices.
    task_weights
        $\alpha_t > 0$, shape `(T,)`; default ones.

    Raises
    ------
    ValueError
        On capacity above min(d, T) and when the tasks' Gram matrices differ.
    """

    capacity: int
    factorization: Factorization = orthonormal_rows
    task_weights: Sequence[float] | FloatArray | None = None

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Solve by one `T x T` eigenproblem a replicate; `rng` is not used."""
        common = _common_design(data)
        form = principal_form(common)
        estimate = form.minimum_norm()
        check_capacity(self.capacity, estimate)
        root = _root_weights(self.task_weights, data.n_tasks).astype(estimate.dtype)
        projection, tied = _top_projection(form.coordinates * root, self.capacity)
        product = (projection @ (estimate * root)) / root
        return _factorized(self, product, _covariance(common), form.full_rank(), tied)


@dataclass(frozen=True, kw_only=True)
class TruncatedSVD:
    r"""Least squares per task, then the best rank-r approximation of the estimates in Frobenius norm.

    $\min_P \lVert P - \hat\Theta \rVert_F$ over rank r: what Daras et al. 2022 do with the learned task
    matrix. It equals `SharedRepresentation` only where $X^\top X \propto I$, and needs no shared design.

    Parameters
    ----------
    capacity
        Rows r of the shared map, at most min(d, T).
    factorization
        How the product is split into map and heads.
    """

    capacity: int
    factorization: Factorization = orthonormal_rows

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Solve by one `T x T` eigenproblem a replicate; `rng` is not used."""
        form = principal_form(data)
        estimate = form.minimum_norm()
        check_capacity(self.capacity, estimate)
        projection, tied = _top_projection(estimate, self.capacity)
        return _factorized(self, projection @ estimate, _covariance(data), form.full_rank(), tied)


def _factorized(
    solver: SharedRepresentation | TruncatedSVD,
    product: FloatArray,
    covariance: FloatArray,
    well_posed: BoolArray,
    tied: BoolArray,
) -> Fit:
    """Split the product `(B, T, d)` and name the outcome of every replicate."""
    # A factorization refuses what it cannot split, so a replicate whose design already failed gets a harmless
    # stand-in: its outcome is RANK_DEFICIENT, and `solve` sets its numbers to NaN.
    keep = well_posed[:, None, None]
    product = np.where(keep, product, np.eye(*product.shape[1:], dtype=product.dtype))
    covariance = np.where(keep, covariance, np.eye(product.shape[-1], dtype=covariance.dtype))
    representation, heads = solver.factorization(product, solver.capacity, covariance)
    outcomes = tuple(
        Outcome.RANK_DEFICIENT if not ok else Outcome.TIED_SPECTRUM if tie else Outcome.SUCCESS
        for ok, tie in zip(well_posed, tied, strict=True)
    )
    return Fit(representation=representation, heads=heads, outcomes=outcomes)


def _top_projection(matrix: FloatArray, capacity: int) -> tuple[FloatArray, BoolArray]:
    """Return projections on the top left singular vectors of `(B, T, m)`, and whether the cut falls on a tie.

    The `T x T` eigenproblem of A A' costs less than an SVD of A, but squares the singular values: rounding u
    turns the subspace by u over the gap. So replicates with a gap below u^(1/3) of the largest eigenvalue
    take the SVD, which tells small singular values from zero and close ones from equal ones. Where r exceeds
    the rank, the values r and r + 1 are both zero, every choice gives the same product, and nothing is tied.
    """
    n_tasks, unit = matrix.shape[1], float(np.finfo(matrix.dtype).eps)
    values, vectors = np.linalg.eigh(matrix @ np.swapaxes(matrix, -1, -2))
    top = vectors[..., -capacity:]
    tied = np.zeros(len(values), dtype=bool)
    if capacity < n_tasks:
        doubtful = values[:, -capacity] - values[:, -capacity - 1] <= unit ** (1 / 3) * values[:, -1]
        left, singular, _ = np.linalg.svd(matrix[doubtful])
        top[doubtful] = left[..., :capacity]
        rounding = max(matrix.shape[1:]) * unit
        # Singular values that do not exist, from T > m on, are zeros.
        spectrum = np.pad(singular, ((0, 0), (0, n_tasks - singular.shape[-1])))
        inside, outside, largest = spectrum[:, capacity - 1], spectrum[:, capacity], spectrum[:, 0]
        equal = inside - outside <= max(TIE, rounding) * largest
        tied[doubtful] = equal & (inside > rounding * largest)
    return top @ np.swapaxes(top, -1, -2), tied


def _common_design(data: Dataset | Moments) -> Dataset | Moments:
    if isinstance(data, Dataset) and data.shared_design:
        return data
    moments = data.moments() if isinstance(data, Dataset) else data
    if moments.shared_design:
        return moments
    first = moments.gram[:, :1]
    if not np.allclose(moments.gram, first, rtol=1e-10, atol=1e-12 * float(np.abs(first).max())):
        raise ValueError(
            "the tasks have different Gram matrices, where the exact eigenproblem does not apply; "
            "use TruncatedSVD or GradientDescent, or give all tasks the same design."
        )
    # Equal Gram matrices of unequal counts: their average second moment divides by the average count.
    counts = np.full(moments.n_tasks, moments.n_samples.mean())
    return Moments(gram=first[:, 0], cross=moments.cross, energy=moments.energy, n_samples=counts)


def _covariance(data: Dataset | Moments) -> FloatArray:
    """Return the average input second moment per replicate, `(B, d, d)`."""
    moments = data.moments() if isinstance(data, Dataset) else data
    if moments.shared_design:
        shared: FloatArray = moments.gram / float(moments.n_samples[0])
        return shared
    mean: FloatArray = moments.gram.sum(axis=1) / float(moments.n_samples.sum())
    return mean


def _root_weights(task_weights: Sequence[float] | FloatArray | None, n_tasks: int) -> FloatArray:
    """Return the square roots of the task weights as a column `(T, 1)`."""
    if task_weights is None:
        return np.ones((n_tasks, 1))
    weights = finite_array("task_weights", task_weights, ndim=1)
    if weights.shape != (n_tasks,) or (weights <= 0).any():
        raise ValueError(
            f"task_weights {weights.tolist()} are not {n_tasks} positive numbers; pass one a task, and drop "
            "tasks of weight 0."
        )
    return np.sqrt(weights)[:, None]
