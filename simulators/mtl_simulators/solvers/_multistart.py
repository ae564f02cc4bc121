"""Training networks from many starts, and what the starts end at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._minimize import minimize_batch
from mtl_simulators.solvers._network import Loss, Samples, unit
from mtl_simulators.solvers._principal import principal_form
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._weighting import checked_task_weights

MakeLoss: TypeAlias = Callable[[Samples, int], Loss]
"""An objective from samples and a capacity."""

# Every start descends to the coarse tolerance, which costs a tenth of the fine one; losses are then known to
# about a hundredth of their scale, so that the best is among the first few.
COARSE, COARSE_ITERATIONS, FINALISTS = 1e-3, 100, 3


@dataclass(frozen=True, kw_only=True)
class Minima:
    """Networks that descents from several starts ended at, best first.

    Parameters
    ----------
    losses
        Values of the objective, `(B, S)`, ascending in each replicate.
    representations, heads
        Shared maps with rows of unit length, `(B, S, r, d)`, and heads, `(B, S, T, r)`.
    converged
        Whether each descent reached its tolerance, `(B, S)`.
    """

    losses: FloatArray
    representations: FloatArray
    heads: FloatArray
    converged: BoolArray

    def outcomes(self) -> tuple[Outcome, ...]:
        """Return how the best descent of each replicate ended."""
        return tuple(Outcome.SUCCESS if done else Outcome.NOT_CONVERGED for done in self.converged[:, 0])


@dataclass(frozen=True, kw_only=True)
class Descent:
    """How often, how long and how closely to descend, and how many starts to descend from to the end."""

    n_starts: int
    max_iterations: int
    tolerance: float
    finalists: int | None = FINALISTS

    def single_tasks(
        self, data: Dataset, make_loss: MakeLoss, capacity: int, rng: np.random.Generator
    ) -> Minima:
        """Train every task on its own: minima whose replicates are the `B T` tasks, task axis of one."""
        counts = data.counts
        rngs = rng.spawn(len(counts))
        groups = [np.flatnonzero(counts == count) for count in np.unique(counts)]
        # Tasks of one size together: rows that only fill up a smaller task would all be computed with.
        parts = [self._alone(data, tasks, make_loss, capacity, rngs[tasks[0]]) for tasks in groups]
        return _interleaved(parts, np.argsort(np.concatenate(groups)), len(data.targets))

    def _alone(
        self, data: Dataset, tasks: IntArray, make_loss: MakeLoss, capacity: int, rng: np.random.Generator
    ) -> Minima:
        single = _one_task_each(data, tasks)
        first = unit(principal_form(single).minimum_norm())[:, None]
        n_problems, _, _, d = first.shape
        # Hidden units that rise with the targets and, for nonnegative units with negative heads, that fall.
        starts = rng.standard_normal((n_problems, self.n_starts + 2, capacity, d))
        starts[:, :2, :1] = np.concatenate([first, -first], axis=1)
        return self._run(make_loss(Samples.of(single, np.ones((n_problems, 1))), capacity), starts)

    def shared(
        self,
        data: Dataset,
        make_loss: MakeLoss,
        capacity: int,
        task_weights: npt.ArrayLike | None,
        rng: np.random.Generator,
    ) -> Minima:
        """Train one shared map, from the tasks' own solutions, from their sum and from random rows."""
        n_replicates, n_tasks, _ = data.targets.shape
        d = data.inputs.shape[-1]
        weights = checked_task_weights(task_weights, n_replicates=n_replicates, n_tasks=n_tasks)
        rng_alone, rng_shared = rng.spawn(2)
        if n_tasks == 1:
            return self.single_tasks(data, make_loss, capacity, rng_alone)
        rough = replace(
            self,
            tolerance=max(COARSE, self.tolerance),
            max_iterations=min(COARSE_ITERATIONS, self.max_iterations),
            finalists=1,
        )
        alone = rough.single_tasks(data, make_loss, max(1, capacity // n_tasks), rng_alone)
        pool = alone.representations[:, 0].reshape(n_replicates, -1, d)
        random = rng_shared.standard_normal((n_replicates, self.n_starts, capacity, d))
        starts = np.concatenate([_combined(pool, capacity, rng_shared), random], axis=1)
        return self._run(make_loss(Samples.of(data, weights), capacity), starts)

    def _run(self, loss: Loss, starts: FloatArray) -> Minima:
        scale = loss.scale()
        points = loss.points(_awake(loss.samples, unit(starts)))
        coarse = max(COARSE, self.tolerance), min(COARSE_ITERATIONS, self.max_iterations)
        for tolerance, max_iterations in (coarse, (self.tolerance, self.max_iterations)):
            minima = minimize_batch(loss, points, scale, max_iterations=max_iterations, tolerance=tolerance)
            order = np.argsort(minima.values, axis=1, kind="stable")[:, : self.finalists]
            points = np.take_along_axis(minima.points, order[..., None], axis=1)
        rows, heads = loss.network(points)
        return Minima(
            losses=np.take_along_axis(minima.values, order, axis=1),
            representations=rows,
            heads=heads,
            converged=np.take_along_axis(minima.converged, order, axis=1),
        )


def check_descent(capacity: int, n_starts: int, max_iterations: int, tolerance: float) -> None:
    """Refuse settings that cannot train a network."""
    positive_int("capacity", capacity)
    positive_int("n_starts", n_starts, at_least=0)
    positive_int("max_iterations", max_iterations)
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance must lie between 0 and 1, got {tolerance!r}.")


def samples_required(solver: object, data: Dataset | Moments) -> Dataset:
    """Return the data set, refusing sufficient statistics."""
    if isinstance(data, Moments):
        raise ValueError(
            f"{type(solver).__name__} got Moments, which determine squared loss of linear maps only; "
            "pass the samples, a Dataset."
        )
    return data


def _one_task_each(data: Dataset, tasks: IntArray) -> Dataset:
    """Return some tasks of one size, of all replicates, as replicates of one task."""
    n, d = int(data.counts[tasks[0]]), data.inputs.shape[-1]
    shape = (len(data.targets), len(tasks), n, d)
    inputs = data.inputs[:, None] if data.shared_design else data.inputs[:, tasks, :n]
    return Dataset(
        inputs=np.broadcast_to(inputs, shape).reshape(-1, n, d),
        targets=data.targets[:, tasks, :n].reshape(-1, 1, n),
    )


def _interleaved(parts: Sequence[Minima], order: IntArray, n_replicates: int) -> Minima:
    """Return minima of groups of tasks as one, replicates first and tasks in `order` of the groups' own."""

    def joined(name: str) -> FloatArray:
        arrays = [getattr(part, name) for part in parts]
        split = [array.reshape(n_replicates, -1, *array.shape[1:]) for array in arrays]
        together = np.concatenate(split, axis=1)[:, order]
        return together.reshape(-1, *together.shape[2:])

    return Minima(
        losses=joined("losses"),
        representations=joined("representations"),
        heads=joined("heads"),
        converged=joined("converged").astype(bool),
    )


def _combined(pool: FloatArray, capacity: int, rng: np.random.Generator) -> FloatArray:
    """Return starts `(B, S, r, d)` made of the tasks' own hidden units `(B, k, d)`.

    One unit: each of them, and the unit along their sum. Fewer units than the tasks have: runs of them, and
    the span that holds most of them. As many or more: all of them, which no loss can be below, and random
    ones.
    """
    n_replicates, n_units, d = pool.shape
    if capacity == 1:
        return np.concatenate([pool, pool.sum(axis=1, keepdims=True)], axis=1)[:, :, None]
    if capacity < n_units:
        runs = (np.arange(n_units)[:, None] + np.arange(capacity)) % n_units
        span = np.linalg.svd(pool, full_matrices=False)[2]
        starts = [pool[:, runs]]
        if capacity <= span.shape[1]:
            starts.append(span[:, None, :capacity])
        return np.concatenate(starts, axis=1)
    fresh = rng.standard_normal((n_replicates, capacity - n_units, d))
    return np.concatenate([pool, fresh], axis=1)[:, None]


def _awake(samples: Samples, vectors: FloatArray) -> FloatArray:
    """Return the rows, those turned around that are positive on no sample: a unit at rest cannot learn."""
    active: BoolArray = np.asarray((samples.preactivations(vectors) > 0).any(axis=(1, -1)))
    awake: FloatArray = np.where(active[..., None], vectors, -vectors)
    return awake
