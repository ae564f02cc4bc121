"""A shared map of any capacity for tasks with any designs: alternating least squares from many starts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_simulators._validation import positive_int
from mtl_simulators.problems import Dataset, Moments
from mtl_simulators.solvers._factorizations import check_capacity
from mtl_simulators.solvers._pooled_rank import gram_ranks, pooled_full_rank
from mtl_simulators.solvers._solution import Outcome
from mtl_simulators.solvers._solve import Fit
from mtl_simulators.solvers._weighting import weighted_moments

# Weight, relative to the mean curvature, of staying near the last shared map: too small to slow a sweep down,
# it makes systems solvable that determine the map only in part, and changes no fixed point.
PROXIMITY = 1e-11
# Sweeps that did not lower the loss, after which rounding alone is what still moves the map.
STALLS = 10
# Entries of the arrays that starts are stacked into; more starts than fit run one block after another.
BLOCK_ENTRIES = 2**23


@dataclass(frozen=True, kw_only=True)
class AlternatingLeastSquares:
    r"""Minimum of $\sum_t \alpha_t \lVert X_t W^\top \gamma_t - y_t \rVert^2$ over maps of r rows.

    For tasks with any designs, where `SharedRepresentation` asks for equal ones.

    A sweep solves for the heads, $\gamma_t = (W C_t W^\top)^{-1} W X_t^\top y_t$, then for the map,
    $\sum_t \alpha_t (\gamma_t \gamma_t^\top \otimes C_t) \operatorname{vec} W =
    \operatorname{vec} \sum_t \alpha_t \gamma_t (X_t^\top y_t)^\top$, and makes its rows orthonormal. When the
    Gram matrices are multiples of each other every local minimum is global; else there can be others, so the
    best of several random starts is kept. `local_minima` shows where all of them end.

    Ends with `NOT_CONVERGED` where the best start still moved at the last sweep, and with `RANK_DEFICIENT`
    where the designs have fewer independent rows than the map and the heads have free parameters,
    $r (d + T - r)$, or do not see every direction.

    Parameters
    ----------
    capacity
        Rows r of the shared map, at most min(d, T).
    n_starts
        Random starts for each replicate; they run side by side.
    max_sweeps
        Sweeps after which a start is given up.
    tolerance
        A start has converged when a sweep turns its row space by less than this (Frobenius norm of
        the part outside the last one), or when ten sweeps did not lower its loss, which rounding then hides.
    task_weights
        $\alpha_t > 0$: `(T,)` or `(B, T)`; default ones.

    Source: Wu, Zhang and Ré (2020), equation (3), Proposition 4 and Lemma 10.

    >>> from mtl_simulators.problems import make_linear
    >>> from mtl_simulators.solvers import solve
    >>> rng = np.random.default_rng(0)
    >>> problem = make_linear(rng, rank=2, n_tasks=5, n_features=4, n_samples=30, noise=0.0)
    >>> solution = solve(problem, AlternatingLeastSquares(capacity=2, n_starts=4), rng=rng)
    >>> bool(np.allclose(solution.weights, problem.truth.weights, atol=1e-6))
    True
    """

    capacity: int
    n_starts: int = 16
    max_sweeps: int = 2000
    tolerance: float = 1e-9
    task_weights: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        """Refuse settings that cannot run."""
        for name in ("capacity", "n_starts", "max_sweeps"):
            positive_int(name, getattr(self, name))
        if not 0 < self.tolerance < 1:
            raise ValueError(f"tolerance must lie between 0 and 1, got {self.tolerance!r}.")

    def fit(self, data: Dataset | Moments, *, rng: np.random.Generator) -> Fit:
        """Descend from every start drawn from `rng` and keep the best."""
        moments = weighted_moments(data, self.task_weights)
        ends = self.descend(moments, rng=rng)
        best = ends.loss.argmin(axis=1)
        replicates = np.arange(len(best))
        converged = ends.converged[replicates, best]
        determined = _determined(moments, self.capacity)
        return Fit(
            representation=ends.representation[replicates, best],
            heads=ends.heads[replicates, best],
            outcomes=tuple(
                Outcome.RANK_DEFICIENT if not ok else Outcome.SUCCESS if done else Outcome.NOT_CONVERGED
                for ok, done in zip(determined, converged, strict=True)
            ),
        )

    def descend(self, moments: Moments, *, rng: np.random.Generator) -> "Ends":
        """Return where every start ends, for moments that carry their task weights."""
        check_capacity(self.capacity, moments.cross)
        shape = (moments.n_replicates, self.n_starts, self.capacity, moments.n_features)
        return descend_from(
            moments, rng.standard_normal(shape), max_sweeps=self.max_sweeps, tolerance=self.tolerance
        )


def local_minima(
    data: Dataset | Moments, solver: AlternatingLeastSquares, *, rng: np.random.Generator
) -> FloatArray:
    r"""Return the final loss of every start, ascending, shape `(B, n_starts)`.

    The loss is $\sum_t \alpha_t \lVert X_t W^\top \gamma_t - y_t \rVert^2$, not divided by the sample counts.
    Distinct values are distinct local minima: report their spread when the designs differ.

    Source: Wu, Zhang and Ré (2020), Lemma 10, which excludes them for Gram matrices that are multiples of
    each other.
    """
    return np.sort(solver.descend(weighted_moments(data, solver.task_weights), rng=rng).loss, axis=1)


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Where the starts of alternating least squares end.

    Parameters
    ----------
    representation, heads
        Shapes `(B, S, r, d)` and `(B, S, T, r)` for S starts; orthonormal rows.
    loss
        Sum of squared errors, `(B, S)`.
    converged
        Whether the last sweep stood still, `(B, S)`.
    """

    representation: FloatArray
    heads: FloatArray
    loss: FloatArray
    converged: BoolArray


def descend_from(moments: Moments, starts: FloatArray, *, max_sweeps: int, tolerance: float) -> Ends:
    """Alternate from given maps `(B, S, r, d)`; rows need not be orthonormal."""
    n_replicates, n_starts, capacity, d = starts.shape
    maps = _orthonormal(starts.reshape(-1, capacity, d))
    replicate = np.repeat(np.arange(n_replicates), n_starts)
    heads = np.empty((len(maps), moments.n_tasks, capacity))
    explained, converged = np.empty(len(maps)), np.empty(len(maps), dtype=bool)
    block = max(1, BLOCK_ENTRIES // (d**2 * (moments.n_tasks + 2 * capacity**2)))
    for first in range(0, len(maps), block):
        part = slice(first, first + block)
        maps[part], converged[part] = _alternate(
            moments, replicate[part], maps[part], max_sweeps=max_sweeps, tolerance=tolerance
        )
        where = replicate[part]
        heads[part], explained[part] = _best_heads(
            maps[part], moments.gram_per_task[where], moments.cross[where]
        )
    lead = (n_replicates, n_starts)
    return Ends(
        representation=maps.reshape(starts.shape),
        heads=heads.reshape(*lead, -1, capacity),
        loss=moments.energy.sum(axis=1)[:, None] - explained.reshape(lead),
        converged=converged.reshape(lead),
    )


def _alternate(
    moments: Moments, replicate: IntArray, maps: FloatArray, *, max_sweeps: int, tolerance: float
) -> tuple[FloatArray, BoolArray]:
    """Return where maps `(N, r, d)` of the given replicates end, and whether they stand still."""
    maps = maps.copy()
    explained = np.full(len(maps), -np.inf)
    stalled = np.zeros(len(maps), dtype=np.int64)
    converged = np.zeros(len(maps), dtype=bool)
    active: IntArray = np.arange(len(maps))
    for _ in range(max_sweeps):
        old = maps[active]
        gram, cross = moments.gram_per_task[replicate[active]], moments.cross[replicate[active]]
        heads, gain = _best_heads(old, gram, cross)
        new = _orthonormal(_best_map(old, heads, gram, cross))
        turned = np.linalg.norm(new - (new @ old.mT) @ old, axis=(1, 2))
        stalled[active] += gain <= explained[active]
        maps[active], explained[active] = new, gain
        done = (turned <= tolerance) | (stalled[active] >= STALLS)
        converged[active[done]] = True
        active = active[~done]
        if not active.size:
            break
    return maps, converged


def _best_heads(maps: FloatArray, gram: FloatArray, cross: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least-squares heads `(N, T, r)` of maps `(N, r, d)`, and the energy they explain `(N,)`."""
    hidden = maps[:, None] @ gram @ maps.mT[:, None]
    signal = cross @ maps.mT
    # Hidden units that a task does not see get the head 0.
    inverse = np.linalg.pinv(hidden, rcond=1e-13, hermitian=True)
    heads = (inverse @ signal[..., None])[..., 0]
    return heads, np.einsum("ntr,ntr->n", heads, signal)


def _best_map(old: FloatArray, heads: FloatArray, gram: FloatArray, cross: FloatArray) -> FloatArray:
    """Return the best map `(N, r, d)` for heads `(N, T, r)`, near the old one where it is not determined."""
    n, capacity, d = old.shape
    outer = (heads[..., :, None] * heads[..., None, :]).reshape(n, -1, capacity**2)
    system = (outer.mT @ gram.reshape(n, -1, d**2)).reshape(n, capacity, capacity, d, d)
    system = system.transpose(0, 1, 3, 2, 4).reshape(n, capacity * d, capacity * d)
    size = np.einsum("nii->n", system)[:, None, None] / (capacity * d)
    stay = PROXIMITY * np.where(size > 0, size, 1.0)
    right = (heads.mT @ cross + stay * old).reshape(n, capacity * d, 1)
    return np.linalg.solve(system + stay * np.eye(capacity * d), right).reshape(old.shape)


def _orthonormal(maps: FloatArray) -> FloatArray:
    return np.ascontiguousarray(np.linalg.qr(maps.mT)[0].mT)


def _determined(moments: Moments, capacity: int) -> BoolArray:
    rows = gram_ranks(moments.gram_per_task).sum(axis=1)
    parameters = capacity * (moments.n_features + moments.n_tasks - capacity)
    return np.asarray(pooled_full_rank(moments) & (rows >= parameters))
