"""Solvers that learn every task on its own: ordinary, minimum-norm and ridge least squares."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._principal import principal_form
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._solve import Fit


@dataclass(frozen=True, kw_only=True)
class SingleTask:
    r"""Ordinary least squares per task, $\hat w_t = (X_t^\top X_t)^{-1} X_t^\top y_t$: the baseline.

    Ends with `RANK_DEFICIENT` where a design does not determine every direction (n < d among others).
    """

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Solve each task; `rng` is not used."""
        form = principal_form(data)
        return separate_fit(form.minimum_norm(), form.full_rank())


@dataclass(frozen=True, kw_only=True)
class MinimumNorm:
    r"""Least squares of smallest norm per task, $\hat w_t = X_t^+ y_t$, defined for every design."""

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Solve each task; `rng` is not used."""
        form = principal_form(data)
        return separate_fit(form.minimum_norm(), np.ones(len(form.spectrum), dtype=bool))


@dataclass(frozen=True, kw_only=True)
class Ridge:
    r"""Ridge regression per task, $\arg\min_w \lVert X_t w - y_t \rVert^2 + \lambda \lVert w \rVert^2$.

    Parameters
    ----------
    penalty
        $\lambda > 0$ on the scale of the unnormalised Gram matrix (as in scikit-learn's `Ridge`):
        one number, or one a task, shape `(T,)`.
    """

    penalty: float | npt.ArrayLike

    def __post_init__(self) -> None:
        """Refuse penalties that do not make the problem well posed."""
        penalty = np.asarray(self.penalty, dtype=np.float64)
        if not np.isfinite(penalty).all() or (penalty <= 0).any():
            raise ValueError(
                f"penalty must be positive and finite, got {self.penalty!r}; for 0 use SingleTask."
            )

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Solve each task; `rng` is not used."""
        form = principal_form(data)
        penalty = np.asarray(self.penalty, dtype=np.float64)
        if penalty.shape not in ((), (data.n_tasks,)):
            raise ValueError(
                f"penalty has shape {penalty.shape} for {data.n_tasks} tasks; pass one number, or one a task."
            )
        weights = form.ridge(penalty.astype(form.cross.dtype))
        return separate_fit(weights, np.ones(len(weights), dtype=bool))


@dataclass(frozen=True, kw_only=True)
class Pooled:
    r"""One weight vector for all tasks: least squares on the union of their samples.

    $\hat w = (\sum_t X_t^\top X_t)^{-1} \sum_t X_t^\top y_t$. Ends with `RANK_DEFICIENT` where the union
    does not determine every direction.
    """

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Solve the union; `rng` is not used."""
        form = principal_form(pool(data))
        weights = form.minimum_norm()
        heads = np.ones((len(weights), data.n_tasks, 1), dtype=weights.dtype)
        return Fit(representation=weights, heads=heads, outcomes=rank_outcomes(form.full_rank()))


def pool(data: Dataset | Moments) -> Dataset | Moments:
    r"""Return a single task with the least squares of the union of all tasks' samples.

    Tasks that share a design see each input T times, and $\sum_t (x^\top w - y_t)^2$ differs by a constant
    from $T (x^\top w - \bar y)^2$: averaging the targets keeps the union at the size of one task.
    """
    if isinstance(data, Moments):
        return Moments(
            gram=data.n_tasks * data.gram if data.shared_design else data.gram.sum(axis=1),
            cross=data.cross.sum(axis=1, keepdims=True),
            energy=data.energy.sum(axis=1, keepdims=True),
            n_samples=data.n_samples.sum(keepdims=True),
        )
    if data.shared_design:
        return Dataset(inputs=data.inputs, targets=data.targets.mean(axis=1, keepdims=True))
    n_replicates = data.n_replicates
    return Dataset(
        inputs=data.inputs.reshape(n_replicates, -1, data.n_features),
        targets=data.targets.reshape(n_replicates, 1, -1),
    )


def separate_fit(weights: FloatArray, well_posed: BoolArray) -> Fit:
    """Wrap task vectors `(B, T, d)` as a fit whose shared map is the identity."""
    n_replicates, _, d = weights.shape
    identity = np.broadcast_to(np.eye(d, dtype=weights.dtype), (n_replicates, d, d))
    return Fit(representation=identity, heads=weights, outcomes=rank_outcomes(well_posed))


def rank_outcomes(well_posed: BoolArray) -> tuple[Outcome, ...]:
    """Return `SUCCESS` where well posed, else `RANK_DEFICIENT`."""
    return tuple(Outcome.SUCCESS if ok else Outcome.RANK_DEFICIENT for ok in well_posed)
