"""Gradient descent on a two-layer linear network, run on sufficient statistics."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._factorizations import check_capacity
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._solve import Fit


@dataclass(frozen=True, kw_only=True)
class GradientDescent:
    r"""Full-batch descent on $\frac{1}{2T} \sum_t \frac{1}{n_t} \lVert X_t W^\top \gamma_t - y_t \rVert^2$.

    Every replicate trains at once; no sample is touched after the Gram matrices are formed. A replicate stops
    at its own last step, so its result does not depend on which others train beside it.

    For a shared design every minimum is global (Baldi and Hornik 1989). For separate designs there can be
    others, in which small starts end too: compare the losses of several starts.

    With $E$ the gradient in the task vectors, `(T, d)`, and $E_0$ its value at the zero network, a replicate
    has converged when $\lVert (\Gamma^\top E, E W^\top) \rVert \le \tau \lVert E_0 \rVert \sigma_r(W)$,
    or when $\lVert E \rVert \le \tau \lVert E_0 \rVert$, the minimum without a limit on the rank. The
    smallest singular value $\sigma_r(W)$ is what tells a minimum from a saddle: where hidden units are still
    to be learned the gradient is small because they are. From a small start the end is the balanced split,
    $W W^\top = \Gamma^\top \Gamma$.

    Parameters
    ----------
    capacity
        Rows r of the shared map, at most min(d, T).
    learning_rate
        Step size; the loss is divided by T, so it may grow with T.
    max_steps
        Steps after which a replicate ends with `NOT_CONVERGED`.
    tolerance
        $\tau$; in single precision not below about $10^{-6}$.
    initial_scale
        Standard deviation of the Gaussian entries that both factors start from.
    """

    capacity: int
    learning_rate: float
    max_steps: int = 10_000
    tolerance: float = 1e-8
    initial_scale: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        positive_int("capacity", self.capacity)
        positive_int("max_steps", self.max_steps)
        for name in ("learning_rate", "tolerance", "initial_scale"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be positive and finite, got {getattr(self, name)}.")

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Train from a random start drawn from `rng`."""
        moments = data.moments() if isinstance(data, Dataset) else data
        check_capacity(self.capacity, moments.cross)
        (n_replicates, n_tasks, d), dtype = moments.cross.shape, moments.cross.dtype
        representation = self.initial_scale * rng.standard_normal((n_replicates, self.capacity, d))
        heads = self.initial_scale * rng.standard_normal((n_replicates, n_tasks, self.capacity))
        with np.errstate(over="ignore", invalid="ignore"):
            return self._descend(moments, representation.astype(dtype), heads.astype(dtype))

    def _descend(self, moments: Moments, representation: FloatArray, heads: FloatArray) -> Fit:
        per_sample = (1.0 / (moments.n_samples * moments.n_tasks)).astype(heads.dtype)[:, None]
        threshold = self.tolerance * _size(moments.cross * per_sample)
        converged = np.zeros(len(heads), dtype=bool)
        running = ~converged
        for step in range(self.max_steps + 1):
            error = _error(moments, heads @ representation) * per_sample
            step_representation = np.swapaxes(heads, -1, -2) @ error
            step_heads = error @ np.swapaxes(representation, -1, -2)
            size = np.hypot(_size(step_representation), _size(step_heads))
            converged |= _settled(threshold, size, error, representation)
            running &= ~converged & np.isfinite(size)
            if step == self.max_steps or not running.any():
                break
            rate = np.where(running, self.learning_rate, 0.0).astype(heads.dtype)[:, None, None]
            representation = representation - rate * step_representation
            heads = heads - rate * step_heads
        return Fit(
            representation=representation,
            heads=heads,
            outcomes=tuple(
                Outcome.SUCCESS if done else Outcome.NOT_CONVERGED if finite else Outcome.DIVERGED
                for done, finite in zip(converged, np.isfinite(size), strict=True)
            ),
        )


def _error(moments: Moments, weights: FloatArray) -> FloatArray:
    """Return the gradient of half the squared error in the task vectors, `(B, T, d)`."""
    if moments.shared_design:
        return np.asarray(weights @ moments.gram - moments.cross)
    return np.asarray((moments.gram @ weights[..., None])[..., 0] - moments.cross)


def _size(matrices: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(matrices, axis=(1, 2)))


def _settled(
    threshold: FloatArray, size: FloatArray, error: FloatArray, representation: FloatArray
) -> BoolArray:
    """Return which replicates have converged, shape `(B,)`; the class docstring has the rule."""
    near = np.asarray(np.isfinite(size) & (size <= threshold * _size(representation)))
    # Singular values are computed only where the cheaper bound by the Frobenius norm holds.
    if near.any():
        smallest = np.linalg.svd(representation[near], compute_uv=False)[:, -1]
        near[near] = size[near] <= threshold[near] * smallest
    return np.asarray(near | (_size(error) <= threshold))
