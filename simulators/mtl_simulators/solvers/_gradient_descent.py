"""Gradient descent on a two-layer linear network, run on sufficient statistics."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._shared import check_capacity
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._solve import Fit


@dataclass(frozen=True, kw_only=True)
class GradientDescent:
    r"""Full-batch descent on $\frac{1}{2T} \sum_t \frac{1}{n_t} \lVert X_t W^\top \gamma_t - y_t \rVert^2$.

    Every replicate trains at once; no sample is touched after the Gram matrices are formed.

    Parameters
    ----------
    capacity
        Rows r of the shared map, at most min(d, T).
    learning_rate
        Step size; the loss is divided by T, so it may grow with T.
    max_steps
        Steps after which a replicate ends with `NOT_CONVERGED`.
    tolerance
        A replicate has converged when its gradient norm is below this times its norm at the zero network.
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
        shape = moments.cross.shape
        representation = self.initial_scale * rng.standard_normal((shape[0], self.capacity, shape[2]))
        heads = self.initial_scale * rng.standard_normal((*shape[:2], self.capacity))
        per_sample = 1.0 / (moments.n_samples * moments.n_tasks)
        scale = np.linalg.norm(moments.cross * per_sample[:, None], axis=(1, 2))
        converged = np.zeros(shape[0], dtype=bool)
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(self.max_steps):
                error = self._error(moments, heads @ representation) * per_sample[:, None]
                step_representation = np.swapaxes(heads, -1, -2) @ error
                step_heads = error @ np.swapaxes(representation, -1, -2)
                size = np.hypot(
                    np.linalg.norm(step_representation, axis=(1, 2)), np.linalg.norm(step_heads, axis=(1, 2))
                )
                # Small factors make the gradient small too, so convergence also needs factors of order one.
                grown = np.linalg.norm(heads @ representation, axis=(1, 2)) > self.initial_scale
                converged = np.asarray(grown & (size <= self.tolerance * scale))
                if (converged | ~np.isfinite(size)).all():
                    break
                representation = representation - self.learning_rate * step_representation
                heads = heads - self.learning_rate * step_heads
        finite = np.asarray(
            np.isfinite(representation).all(axis=(1, 2)) & np.isfinite(heads).all(axis=(1, 2))
        )
        return Fit(
            representation=representation,
            heads=heads,
            outcomes=tuple(
                Outcome.DIVERGED if not ok else Outcome.SUCCESS if done else Outcome.NOT_CONVERGED
                for ok, done in zip(finite, converged, strict=True)
            ),
        )

    @staticmethod
    def _error(moments: Moments, weights: FloatArray) -> FloatArray:
        """Return the gradient of half the squared error in the task vectors, `(B, T, d)`."""
        if moments.shared_design:
            return np.asarray(weights @ moments.gram - moments.cross)
        return np.asarray(np.einsum("btij,btj->bti", moments.gram, weights) - moments.cross)
