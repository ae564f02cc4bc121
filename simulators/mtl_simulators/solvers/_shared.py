"""Solvers with one shared map of capacity r."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators._validation import finite_array, positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._factorizations import Factorization, orthonormal_rows
from mtl_simulators.solvers._principal import principal_form
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._solve import Fit

TIE = 1e-10  # relative gap below which two singular values count as equal


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
        root = _root_weights(self.task_weights, estimate.shape[1])
        scaled = form.coordinates * root
        projection, tied = _top_projection(scaled @ np.swapaxes(scaled, -1, -2), self.capacity)
        product = (projection @ (estimate * root)) / root
        representation, heads = self.factorization(product, self.capacity, _covariance(common))
        return Fit(
            representation=representation, heads=heads, outcomes=subspace_outcomes(form.full_rank(), tied)
        )


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
        projection, tied = _top_projection(estimate @ np.swapaxes(estimate, -1, -2), self.capacity)
        representation, heads = self.factorization(projection @ estimate, self.capacity, _covariance(data))
        return Fit(
            representation=representation, heads=heads, outcomes=subspace_outcomes(form.full_rank(), tied)
        )


def check_capacity(capacity: int, weights: FloatArray) -> None:
    """Refuse a capacity that a `(B, T, d)` problem cannot have."""
    _, n_tasks, n_features = weights.shape
    if positive_int("capacity", capacity) > min(n_tasks, n_features):
        raise ValueError(
            f"capacity r = {capacity} exceeds min(d, T) = {min(n_features, n_tasks)}: "
            "beyond it every task is fitted alone; use SingleTask, or a smaller capacity."
        )


def subspace_outcomes(well_posed: BoolArray, tied: BoolArray) -> tuple[Outcome, ...]:
    """Return one outcome a replicate for a solver that picks a top subspace."""
    return tuple(
        Outcome.RANK_DEFICIENT if not ok else Outcome.TIED_SPECTRUM if tie else Outcome.SUCCESS
        for ok, tie in zip(well_posed, tied, strict=True)
    )


def _top_projection(gram: FloatArray, capacity: int) -> tuple[FloatArray, BoolArray]:
    """Return the projections on the top eigenvectors, `(B, T, T)`, and whether the cut falls on a tie."""
    values, vectors = np.linalg.eigh(gram)
    top = vectors[..., -capacity:]
    if capacity < values.shape[-1]:
        inside, outside, largest = values[:, -capacity], values[:, -capacity - 1], values[:, -1]
        tied = inside - outside <= TIE * largest
    else:
        tied = np.zeros(len(values), dtype=bool)
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
    return Moments(gram=first[:, 0], cross=moments.cross, energy=moments.energy, n_samples=moments.n_samples)


def _covariance(data: Dataset | Moments) -> FloatArray:
    """Return the average input second moment per replicate, `(B, d, d)`."""
    moments = data.moments() if isinstance(data, Dataset) else data
    if moments.shared_design:
        shared: FloatArray = moments.gram / moments.n_samples[0]
        return shared
    mean: FloatArray = moments.gram.sum(axis=1) / moments.n_samples.sum()
    return mean


def _root_weights(task_weights: Sequence[float] | FloatArray | None, n_tasks: int) -> FloatArray:
    """Return the square roots of the task weights as a column `(T, 1)`."""
    if task_weights is None:
        return np.ones((n_tasks, 1))
    weights = finite_array("task_weights", task_weights, ndim=1)
    if weights.shape != (n_tasks,) or (weights <= 0).any():
        raise ValueError(f"task_weights must be {n_tasks} positive numbers, got {weights.tolist()}.")
    return np.sqrt(weights)[:, None]
