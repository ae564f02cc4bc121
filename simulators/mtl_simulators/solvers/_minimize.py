"""L-BFGS for many small problems at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray, IntArray

Objective: TypeAlias = Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]]
"""Values `(b, S)` and gradients `(b, S, D)` at points `(b, S, D)` of the replicates `(b,)` named."""

SUFFICIENT, CURVATURE = 1e-4, 0.9  # the usual Wolfe constants (Nocedal and Wright 2006, section 3.1)
TRIALS = 30  # step lengths to try; next to a kink very short ones are the way on
PATIENCE, NOTICEABLE = 10, 1e-3  # steps in a row that lower the value by less than this times the tolerance


@dataclass(frozen=True, kw_only=True)
class Descended:
    """Where the descents ended, for `B` replicates of `S` starts each.

    Parameters
    ----------
    points, values
        `(B, S, D)` and `(B, S)`.
    converged
        Whether the gradient, or the decrease over several steps, fell below the tolerance; `(B, S)`.
    """

    points: FloatArray
    values: FloatArray
    converged: BoolArray


def minimize_batch(
    objective: Objective,
    start: FloatArray,
    scale: FloatArray,
    *,
    max_iterations: int,
    tolerance: float,
    memory: int = 20,
) -> Descended:
    r"""Minimise $S$ starts of $B$ objectives by L-BFGS with a weak Wolfe line search by bisection.

    The line search makes no use of second derivatives and the method converges in practice on functions with
    kinks, to points that need not have a small gradient: there a descent counts as converged when ten steps
    in a row each lower it by less than $10^{-3} \tau s$, with $\tau$ the tolerance and $s$ the scale of the
    objective; elsewhere when its gradient is below $\tau s$ in the largest entry. Where many kinks meet a
    single start can stop short of the minimum, so use several.

    Parameters
    ----------
    start
        `(B, S, D)`, of order one.
    scale
        Size of each objective, `(B,)`.

    Source: Nocedal and Wright 2006, algorithm 7.4; Lewis and Overton 2013, algorithm 2.6.
    """
    search = _Search(objective, start, scale, tolerance, memory)
    for _ in range(max_iterations):
        if not search.active.any():
            break
        search.advance()
    return Descended(points=search.points, values=search.values, converged=search.converged)


class _Search:
    """The state of the descents; `advance` takes one step of each that is still active."""

    def __init__(
        self, objective: Objective, start: FloatArray, scale: FloatArray, tolerance: float, memory: int
    ) -> None:
        self.objective, self.tolerance, self.memory = objective, tolerance, memory
        self.scale = np.where(scale > 0, scale, 1.0)[:, None]
        self.points: FloatArray = start.astype(np.float64)
        self.values, self.gradients = objective(self.points, np.arange(len(start)))
        self.steps: list[FloatArray] = []
        self.changes: list[FloatArray] = []
        self.curvatures: list[FloatArray] = []
        self.idle = np.zeros(self.values.shape, dtype=np.intp)
        self.stuck = np.zeros(self.values.shape, dtype=bool)
        self.converged = self._small_gradient()
        self.failed = ~np.isfinite(self.values)

    @property
    def active(self) -> BoolArray:
        return np.asarray(~self.converged & ~self.failed)

    def advance(self) -> None:
        active = self.active
        direction = np.where(active[..., None], self._direction(), 0.0)
        slope = np.einsum("bsd,bsd->bs", direction, self.gradients)
        # A direction that rounding has turned uphill is replaced by the gradient's own.
        uphill = active & (slope >= 0)
        direction[uphill] = -self.gradients[uphill]
        slope = np.einsum("bsd,bsd->bs", direction, self.gradients)
        points, values, gradients = self._line_search(direction, slope, active)
        self._remember(points - self.points, gradients - self.gradients)
        decrease = self.values - values
        self.points, self.values, self.gradients = points, values, gradients
        self.idle = np.where(decrease <= NOTICEABLE * self.tolerance * self.scale, self.idle + 1, 0)
        # A search that found nothing starts afresh from the gradient; if that finds nothing either, it ends.
        stuck = active & (decrease <= 0)
        done = self._small_gradient() | (self.idle >= PATIENCE) | (stuck & self.stuck)
        self.stuck = stuck
        for kept in self.curvatures:
            kept[stuck] = 0.0
        self.converged = self.converged | (active & done)

    def _small_gradient(self) -> BoolArray:
        return np.asarray(np.abs(self.gradients).max(axis=-1) <= self.tolerance * self.scale)

    def _direction(self) -> FloatArray:
        """Return minus the inverse Hessian estimate times the gradient, by the two-loop recursion."""
        direction = -self.gradients
        weights = []
        for step, change, curvature in self._pairs(newest_first=True):
            weight = np.einsum("bsd,bsd->bs", step, direction) * curvature
            direction = direction - weight[..., None] * change
            weights.append(weight)
        direction = direction * self._first_scale()
        for (step, change, curvature), weight in zip(
            self._pairs(newest_first=False), reversed(weights), strict=True
        ):
            correction = weight - np.einsum("bsd,bsd->bs", change, direction) * curvature
            direction = direction + correction[..., None] * step
        return direction

    def _pairs(self, *, newest_first: bool) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        pairs = list(zip(self.steps, self.changes, self.curvatures, strict=True))
        return pairs[::-1] if newest_first else pairs

    def _first_scale(self) -> FloatArray:
        """Return s'y / y'y of each problem's newest usable pair, else a short step's, `(B, S, 1)`."""
        size = np.linalg.norm(self.gradients, axis=-1)
        scale = 0.1 / np.where(size > 0, size, 1.0)
        for _, change, curvature in self._pairs(newest_first=False):
            square = np.einsum("bsd,bsd->bs", change, change)
            usable = curvature > 0
            scale = np.where(usable, 1.0 / np.where(usable, curvature * square, 1.0), scale)
        return scale[..., None]

    def _remember(self, step: FloatArray, change: FloatArray) -> None:
        """Keep the newest pairs; a pair without positive curvature counts for nothing."""
        product = np.einsum("bsd,bsd->bs", step, change)
        size = np.linalg.norm(step, axis=-1) * np.linalg.norm(change, axis=-1)
        usable = product > 1e-12 * size
        self.steps.append(step)
        self.changes.append(change)
        self.curvatures.append(np.where(usable, 1.0 / np.where(usable, product, 1.0), 0.0))
        for kept in (self.steps, self.changes, self.curvatures):
            del kept[: -self.memory]

    def _line_search(
        self, direction: FloatArray, slope: FloatArray, active: BoolArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return points, values and gradients that satisfy the weak Wolfe conditions, or the best tried."""
        low, high = np.zeros(slope.shape), np.full(slope.shape, np.inf)
        length = np.ones(slope.shape)
        best = [self.points.copy(), self.values.copy(), self.gradients.copy()]
        searching = active.copy()
        for _ in range(TRIALS):
            rows = np.flatnonzero(searching.any(axis=1))
            if rows.size == 0:
                break
            trial = self.points[rows] + length[rows, :, None] * direction[rows]
            values, gradients = self.objective(trial, rows)
            here = searching[rows]
            descends = values <= self.values[rows] + SUFFICIENT * length[rows] * slope[rows]
            better = here & descends & (values <= best[1][rows])
            for kept, new in zip(best, (trial, values, gradients), strict=True):
                mask = better if new.ndim == 2 else better[..., None]
                kept[rows] = np.where(mask, new, kept[rows])
            flat = np.einsum("bsd,bsd->bs", gradients, direction[rows]) >= CURVATURE * slope[rows]
            searching[rows] = here & ~(descends & flat)
            high[rows] = np.where(descends, high[rows], length[rows])
            low[rows] = np.where(descends, length[rows], low[rows])
            # Until a descending length is found the bracket shrinks faster than by halves.
            shorter = np.where(low[rows] > 0, (low[rows] + high[rows]) / 2, high[rows] / 4)
            length[rows] = np.where(np.isfinite(high[rows]), shorter, 2 * low[rows])
        return best[0], best[1], best[2]
