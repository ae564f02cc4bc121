"""Variable projection for many structures at once: amplitudes exactly, exponents by Levenberg-Marquardt.

For terms `c_t phi_t(p)` the amplitudes solve a linear least squares problem at every p: only p is searched.
The Jacobian is Kaufman's, `-(I - QQ') c_t dphi_t/dp` with Q an orthonormal basis of the terms: analytic here,
since log phi_t is linear in every parameter but kappa.
Source: Golub and Pereyra 1973; Kaufman 1975.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import BoolArray, FloatArray, IntArray
from mtl_theory.laws._search._grammar import EXPONENTIAL, Effective, Factor
from mtl_theory.laws._search._structure import Fitted, Start, Structure

# Terms that cancel each other to a thirtieth imitate a function that the grammar lacks.
CANCELLATION = 30.0
# A column that keeps less than this of its length after projection is a combination of the others.
RANK_TOLERANCE = 1e-9
LARGEST_LOG = 600.0
CHUNK = 48


class Table:
    """Rows to fit: X (N, d), y (N,) in units of its standard deviation, weights (N,) with mean 1."""

    def __init__(self, X: FloatArray, y: FloatArray, weights: FloatArray) -> None:
        self.X, self.weights = X, weights
        mean = float(weights @ y / weights.sum())
        self.scale = float(np.sqrt(weights @ (y - mean) ** 2 / weights.sum()))
        self.root_weights = np.sqrt(weights)
        self.target = self.root_weights * y / (self.scale or 1.0)
        self.reach = float(np.abs(y - mean).max()) / (self.scale or 1.0)
        self._columns: dict[Factor, FloatArray] = {}

    @property
    def n_rows(self) -> int:
        return len(self.target)

    def column(self, factor: Factor) -> FloatArray:
        """Return the factor's column: the direction of an exponent, z, or the multiplier."""
        if factor not in self._columns:
            if isinstance(factor, Effective):
                column = factor.product(self.X)
            elif isinstance(factor, EXPONENTIAL):
                column = factor.direction(self.X)
            else:
                column = factor.multiplier(self.X)
            self._columns[factor] = column
        return self._columns[factor]


@dataclass
class Batch:
    """B structures with T terms and P exponents (padded): what does not change while fitting."""

    multipliers: FloatArray  # (B, T, N), root weights included
    directions: FloatArray  # (B, P, N)
    owners: IntArray  # (B, P) integer: the term of an exponent
    free: FloatArray  # (B, P + 1) 0/1, the last is log kappa
    low: FloatArray  # (B, P + 1)
    high: FloatArray  # (B, P + 1)
    pooled: FloatArray  # (B, N): z, zero without an effective-sample factor
    pooled_at: IntArray  # (B,) integer: its exponent, -1 without

    def take(self, rows: IntArray) -> "Batch":
        return Batch(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass
class State:
    """The fit at some parameters: residual, Kaufman Jacobian and amplitudes."""

    residual: FloatArray  # (B, N)
    jacobian: FloatArray  # (B, P + 1, N)
    amplitudes: FloatArray  # (B, T + 1), the offset first
    reach: FloatArray  # (B,): largest sum of absolute terms
    rss: FloatArray  # (B,)

    def put(self, rows: IntArray, other: "State", which: BoolArray) -> None:
        for name in self.__dataclass_fields__:
            getattr(self, name)[rows] = getattr(other, name)[which]


def stack(structures: Sequence[Structure], table: Table) -> Batch:
    """Return the batch of structures with equal numbers of terms and exponents, padded to the largest."""
    size, n_rows = len(structures), table.n_rows
    n_terms = max(1, max(len(s.terms) for s in structures))
    n_exponents = max(len(s.exponents) for s in structures)
    multipliers = np.zeros((size, n_terms, n_rows))
    directions = np.zeros((size, n_exponents, n_rows))
    owners = np.zeros((size, n_exponents), dtype=np.intp)
    free = np.zeros((size, n_exponents + 1))
    low, high = np.full((2, size, n_exponents + 1), 0.0)
    pooled, pooled_at = np.zeros((size, n_rows)), np.full(size, -1)
    for b, structure in enumerate(structures):
        for t, term in enumerate(structure.terms):
            multipliers[b, t] = table.root_weights
            for factor in term:
                if not isinstance(factor, EXPONENTIAL):
                    multipliers[b, t] *= table.column(factor)
        for p, (t, factor) in enumerate(structure.exponents):
            owners[b, p] = t
            free[b, p] = structure.fixed[p] is None
            low[b, p], high[b, p] = factor.bounds(table.X)
            if isinstance(factor, Effective):
                pooled[b], pooled_at[b], free[b, -1] = table.column(factor), p, 1.0
                low[b, -1], high[b, -1] = np.log(factor.kappa_bounds(table.X))
            else:
                directions[b, p] = table.column(factor)
    return Batch(multipliers, directions, owners, free, low, high, pooled, pooled_at)


def orthonormal(columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Q (B, K, N) and lower R (B, K, K) with columns = R Q, dependent columns dropped to zero.

    Gram-Schmidt twice over, which is orthogonal to rounding, with the batch as the long axis.
    """
    size, n_columns, _ = columns.shape
    basis = np.zeros_like(columns)
    triangle = np.zeros((size, n_columns, n_columns))
    for k in range(n_columns):
        vector = columns[:, k]
        length = np.sqrt(np.einsum("bn,bn->b", vector, vector))
        if k:
            previous = basis[:, :k]
            for _ in range(2):
                along = np.einsum("bkn,bn->bk", previous, vector)
                triangle[:, k, :k] += along
                vector = vector - np.einsum("bk,bkn->bn", along, previous)
        kept = np.sqrt(np.einsum("bn,bn->b", vector, vector))
        independent = kept > RANK_TOLERANCE * length
        triangle[:, k, k] = np.where(independent, kept, 0.0)
        basis[:, k] = vector * np.where(independent, 1.0 / np.where(kept > 0, kept, 1.0), 0.0)[:, None]
    return basis, triangle


def back_substitute(triangle: FloatArray, along: FloatArray) -> FloatArray:
    """Return c with R' c = along, zero for dropped columns."""
    solution = np.zeros_like(along)
    for k in reversed(range(along.shape[1])):
        rest = along[:, k] - np.einsum("bj,bj->b", triangle[:, k + 1 :, k], solution[:, k + 1 :])
        diagonal = triangle[:, k, k]
        solution[:, k] = np.where(diagonal > 0, rest / np.where(diagonal > 0, diagonal, 1.0), 0.0)
    return solution


def evaluate(batch: Batch, table: Table, parameters: FloatArray) -> State:
    """Return the projected fit at parameters (B, P + 1), the last of which is log kappa."""
    size, n_terms, _ = batch.multipliers.shape
    exponents, rows = parameters[:, :-1], np.flatnonzero(batch.pooled_at >= 0)
    directions = batch.directions
    at = batch.pooled_at[rows]
    if len(rows):
        growth = np.exp(parameters[rows, -1])[:, None] * batch.pooled[rows]
        directions = directions.copy()
        directions[rows, at] = np.log1p(growth)
    one_hot = (batch.owners[:, None, :] == np.arange(n_terms)[None, :, None]).astype(float)
    logs = (one_hot * exponents[:, None, :]) @ directions
    scale = logs.max(axis=2)
    logs -= scale[:, :, None]
    terms = batch.multipliers * np.exp(logs)
    constant = np.broadcast_to(table.root_weights, (size, 1, table.n_rows))
    columns = np.concatenate([constant, terms], axis=1)
    lengths = np.sqrt(np.einsum("bkn,bkn->bk", columns, columns))
    lengths[lengths == 0] = 1.0
    columns /= lengths[:, :, None]
    basis, triangle = orthonormal(columns)
    along = basis @ table.target
    # A second pass on the residual itself keeps noise-free fits from stopping at the rounding of the first.
    residual = table.target - np.einsum("bk,bkn->bn", along, basis)
    correction = np.einsum("bkn,bn->bk", basis, residual)
    residual -= np.einsum("bk,bkn->bn", correction, basis)
    amplitudes = back_substitute(triangle, along + correction)
    parts = amplitudes[:, 1:, None] * columns[:, 1:]
    jacobian = np.empty((size, directions.shape[1] + 1, table.n_rows))
    owned = np.take_along_axis(parts, batch.owners[:, :, None], axis=1)
    np.multiply(owned, directions, out=jacobian[:, :-1])
    jacobian[:, -1] = 0.0
    if len(rows):
        jacobian[rows, -1] = exponents[rows, at][:, None] * owned[rows, at] * (growth / (1.0 + growth))
    jacobian -= (jacobian @ basis.transpose(0, 2, 1)) @ basis
    reach = (np.abs(parts).sum(axis=1) / table.root_weights).max(axis=1)
    amplitudes /= lengths
    amplitudes[:, 1:] *= np.exp(-np.clip(scale, -LARGEST_LOG, LARGEST_LOG))
    return State(residual, jacobian, amplitudes, reach, np.einsum("bn,bn->b", residual, residual))


def parameters_of(batch: Batch, starts: Sequence[Start], structures: Sequence[Structure]) -> FloatArray:
    """Return the starting parameters (B, P + 1) inside their bounds, fixed exponents in their places."""
    parameters = np.zeros(batch.free.shape)
    for b, (start, structure) in enumerate(zip(starts, structures, strict=True)):
        values = [s if f is None else f for s, f in zip(start.exponents, structure.fixed, strict=True)]
        parameters[b, : len(values)] = values
        parameters[b, -1] = start.log_kappa
    clipped: FloatArray = np.where(batch.free > 0, np.clip(parameters, batch.low, batch.high), parameters)
    return clipped


def proposed(state: State, batch: Batch, parameters: FloatArray, damping: FloatArray) -> FloatArray:
    """Return the parameters after one damped Gauss-Newton step, inside their bounds."""
    jacobian, free = state.jacobian, batch.free
    hessian = jacobian @ jacobian.transpose(0, 2, 1)
    gradient = np.einsum("bpn,bn->bp", jacobian, state.residual) * free
    hessian *= free[:, :, None] * free[:, None, :]
    diagonal = np.einsum("bpp->bp", hessian)
    scale = np.sqrt(np.maximum(diagonal, 1e-12 * diagonal.max(axis=1, keepdims=True) + 1e-200))
    hessian /= scale[:, :, None] * scale[:, None, :]
    n = hessian.shape[1]
    hessian[:, np.arange(n), np.arange(n)] = np.where(free > 0, 1.0, 0.0) * hessian.diagonal(axis1=1, axis2=2)
    hessian[:, np.arange(n), np.arange(n)] += np.where(free > 0, damping[:, None] + 1e-14, 1.0)
    step = np.linalg.solve(hessian, (gradient / scale)[:, :, None])[:, :, 0] / scale
    moved: FloatArray = np.clip(parameters + step * free, batch.low, batch.high)
    return np.where(free > 0, moved, parameters)


def descend(batch: Batch, table: Table, parameters: FloatArray, *, n_steps: int) -> tuple[FloatArray, State]:
    """Run Levenberg-Marquardt on every structure until its residual stops falling; return the optimum."""
    state = evaluate(batch, table, parameters)
    damping = np.full(len(parameters), 1e-2)
    active = np.flatnonzero(batch.free.any(axis=1))
    still = np.zeros(len(parameters), dtype=int)
    floor = 1e-20 * table.n_rows
    for _ in range(n_steps):
        if not len(active):
            break
        part = batch.take(active)
        here = State(*(getattr(state, name)[active] for name in State.__dataclass_fields__))
        trial = proposed(here, part, parameters[active], damping[active])
        there = evaluate(part, table, trial)
        better = there.rss < here.rss
        gain = (here.rss - there.rss) / np.maximum(here.rss, floor)
        rows = active[better]
        parameters[rows] = trial[better]
        state.put(rows, there, better)
        damping[active] = np.where(better, damping[active] / 5.0, damping[active] * 6.0)
        # A refused step says only that the damping was too small.
        still[active] = np.where(gain > 1e-5, 0, still[active] + better)
        done = (still[active] >= 2) | (state.rss[active] < floor) | (damping[active] > 1e6)
        active = active[~done]
    return parameters, state


def fit_structures(
    jobs: Sequence[tuple[Structure, Start]], table: Table, *, n_steps: int = 16
) -> list[Fitted]:
    """Return the least-squares fit of every structure from its start, in the order given.

    A fit whose terms cancel each other comes back with an infinite residual.
    """
    order = sorted(range(len(jobs)), key=lambda i: (len(jobs[i][0].terms), len(jobs[i][0].exponents)))
    fits: list[Fitted | None] = [None] * len(jobs)
    for begin in range(0, len(order), CHUNK):
        chunk = order[begin : begin + CHUNK]
        structures = [jobs[i][0] for i in chunk]
        batch = stack(structures, table)
        start = parameters_of(batch, [jobs[i][1] for i in chunk], structures)
        parameters, state = descend(batch, table, start, n_steps=n_steps)
        allowed = (state.reach <= CANCELLATION * table.reach) & np.isfinite(state.rss)
        for b, i in enumerate(chunk):
            fits[i] = unpacked(structures[b], parameters[b], state, b, table, allowed=bool(allowed[b]))
    return [fit for fit in fits if fit is not None]


def unpacked(
    structure: Structure, parameters: FloatArray, state: State, b: int, table: Table, *, allowed: bool
) -> Fitted:
    amplitudes = state.amplitudes[b] * (table.scale or 1.0)
    return Fitted(
        structure=structure,
        exponents=parameters[: len(structure.exponents)].copy(),
        log_kappa=float(parameters[-1]),
        offset=float(amplitudes[0]),
        amplitudes=amplitudes[1 : len(structure.terms) + 1],
        rss=float(state.rss[b]) if allowed else float("inf"),
    )


def at_bound(fitted: Fitted, table: Table) -> bool:
    """Return whether a free constant ended at a bound: the law wants to be another one."""
    batch = stack([fitted.structure], table)
    values = parameters_of(batch, [fitted.start], [fitted.structure])
    margin = 1e-6 * (batch.high - batch.low)
    outside = (values <= batch.low + margin) | (values >= batch.high - margin)
    return bool((outside & (batch.free > 0)).any())
