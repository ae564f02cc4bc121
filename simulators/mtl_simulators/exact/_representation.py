"""Subspace error and risk of the truncated SVD of least squares, without data and without features."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_simulators.exact._designs import determined_counts
from mtl_simulators.exact._wishart import DOUBLE, SINGLE, chi, inverse_lower, standard_normal, wishart_factor
from mtl_simulators.problems import Truth

# Entries of one `(block, T, T)` array: small enough for the cache, so that memory does not grow with B.
BLOCK_ENTRIES = 2**18


@dataclass(frozen=True, kw_only=True)
class RepresentationDraws:
    r"""What replicates of a rank-c estimate $\hat W_c$ of a rank-r truth $W$ measured.

    Parameters
    ----------
    sin_theta
        Sine of the largest of the min(c, r) principal angles between the row spaces of $\hat W_c$ and $W$,
        shape `(B,)`.
    excess_risk
        $\sum_t (\hat w_t - w_t)^\top \Sigma (\hat w_t - w_t)$ of the rank-c estimate, shape `(B,)`.
    single_task_risk
        The same of the least-squares estimate before truncation, shape `(B,)`.
    rank
        r, the dimension of the true row space.
    """

    sin_theta: FloatArray
    excess_risk: FloatArray
    single_task_risk: FloatArray
    rank: int


def draw_truncated_svd(
    rng: np.random.Generator,
    truth: Truth,
    *,
    capacity: int,
    n_samples: npt.ArrayLike,
    n_replicates: int,
    shared_design: bool,
    dtype: npt.DTypeLike = np.float64,
) -> RepresentationDraws:
    r"""Draw the subspace error and risk of the truncated SVD of least squares, for $\Sigma \propto I$.

    In features rotated so that the true row space is the first r of them, the transposed estimate is

    $$\hat W^\top = \begin{pmatrix} A + Z_1 M \\ Z_2 M \end{pmatrix}, \quad
    M = L^{-1} D \text{ (shared design)}, \quad
    M = \operatorname{diag}(\sigma_t / \chi_{n_t - d + 1}) \text{ (separate designs)},$$

    with the heads $A$, `(r, T)`, standard normal $Z_1$ and $Z_2$, and $L$, $D$ as in `draw_least_squares`.
    What is measured depends on $Z_2$ through $Z_2^\top Z_2 \sim W_T(I, d - r)$ alone, so a Bartlett factor
    stands for its d - r rows: a replicate takes $rT + O(T^2)$ random numbers, whatever d and n are, and one
    `T x T` eigenproblem.

    The eigenproblem is that of $\hat W \hat W^\top$, which squares the singular values; replicates in which
    that would cost more than half of the digits go through an SVD instead. The draws come in blocks, so that
    memory beyond the results does not grow with `n_replicates`.

    Parameters
    ----------
    truth
        One truth, `(1, T, d)`, for all replicates, with covariance $s I$; its numerical rank r is the
        dimension of the row space that estimates are compared with.
    capacity
        c, the rank that is kept, from 1 to min(d, T).
    n_samples
        Samples per task, at least d: one number, or one a task, `(T,)`; equal when the design is shared.
        For n <= d + 1 the single-task risk has no finite mean.
    shared_design
        Whether all tasks see the same inputs.
    dtype
        `numpy.float64` or `numpy.float32`, of the work and of the results.

    Raises
    ------
    ValueError
        On several truths, zero task vectors, a covariance that is not isotropic, fewer samples than features,
        a capacity outside 1 to min(d, T), estimates of rank below the capacity (c > r without noise), or
        another dtype.

    >>> truth = Truth(weights=4 * np.eye(6, 20)[None], covariance=np.eye(20), noise=np.ones(6))
    >>> rng = np.random.default_rng(0)
    >>> draws = draw_truncated_svd(
    ...     rng, truth, capacity=6, n_samples=90, n_replicates=5000, shared_design=True
    ... )
    >>> draws.rank, round(float(draws.excess_risk.mean()), 1)  # at full capacity 6 * 20 / (90 - 20 - 1)
    (6, 1.7)
    """
    precision = np.dtype(dtype)
    if precision not in (SINGLE, DOUBLE):
        raise ValueError(f"dtype must be numpy.float32 or numpy.float64, got {precision}.")
    positive_int("n_replicates", n_replicates)
    heads = _heads(truth)
    rank, n_tasks = heads.shape
    limit = min(truth.n_tasks, truth.n_features)
    if positive_int("capacity", capacity) > limit:
        raise ValueError(f"capacity c = {capacity} exceeds min(d, T) = {limit}; lower it.")
    noise = _Noise(
        counts=determined_counts(truth, n_samples, shared_design=shared_design),
        scale=truth.noise.astype(precision),
        hidden=truth.n_features - rank,
        n_features=truth.n_features,
        shared_design=shared_design,
    )
    heads = heads.astype(precision)
    sin_theta, excess_risk, single_task_risk = (np.empty(n_replicates, precision) for _ in range(3))
    block = max(1, min(4096, BLOCK_ENTRIES // n_tasks**2))
    for start in range(0, n_replicates, block):
        part = slice(start, min(start + block, n_replicates))
        estimate = noise.draw(rng, part.stop - part.start, rank)
        single_task_risk[part] = _squared_norm(estimate)
        estimate[:, :rank] += heads
        sin_theta[part], excess_risk[part] = _measure(estimate, heads, capacity)
    return RepresentationDraws(
        sin_theta=sin_theta, excess_risk=excess_risk, single_task_risk=single_task_risk, rank=rank
    )


@dataclass(frozen=True, kw_only=True)
class _Noise:
    """The law of the estimation error in rotated features, for designs with identity covariance."""

    counts: npt.NDArray[np.integer]
    scale: FloatArray
    hidden: int
    n_features: int
    shared_design: bool

    def draw(self, rng: np.random.Generator, n_replicates: int, rank: int) -> FloatArray:
        """Return r rows of error and at most T rows with the Gram matrix of the others, `(B, r + k, T)`."""
        n_tasks, dtype = len(self.scale), self.scale.dtype
        rows = wishart_factor(
            rng, n_replicates=n_replicates, dimension=n_tasks, degrees=self.hidden, dtype=dtype
        )
        error: FloatArray = np.empty((n_replicates, rank + rows.shape[-1], n_tasks), dtype)
        error[:, :rank] = standard_normal(rng, (n_replicates, rank, n_tasks), dtype)
        error[:, rank:] = rows.mT
        freedom = self.counts - self.n_features
        if self.shared_design:
            factor = wishart_factor(
                rng, n_replicates=n_replicates, dimension=n_tasks, degrees=freedom[0] + n_tasks, dtype=dtype
            )
            return np.asarray(error @ (inverse_lower(factor) * self.scale))
        error *= (self.scale / chi(rng, freedom + 1, (n_replicates, n_tasks), dtype))[:, None]
        return error


def _measure(estimate: FloatArray, heads: FloatArray, capacity: int) -> tuple[FloatArray, FloatArray]:
    r"""Return sin-theta and excess risk of the rank-c truncation of estimates `(B, r + k, T)`.

    With top right singular vectors $V$ and singular values $S$, the left singular vectors are
    $U = \hat W^\top V S^{-1}$. Sines come from the rows of $U$ outside the true space, as accurate at small
    angles as at large ones; only for c > r they need the cosines, from the rows inside.
    """
    rank = len(heads)
    singular, top = _top_space(estimate, capacity)
    scores = estimate @ top
    inside, outside = scores[:, :rank], scores[:, rank:]
    excess_risk = _squared_norm(inside @ top.mT - heads) + _squared_norm(outside)
    if capacity <= rank:
        basis = outside / singular[:, None]
        squared = np.linalg.eigvalsh(basis.mT @ basis)[:, -1]
    else:
        basis = inside / singular[:, None]
        squared = 1 - np.linalg.eigvalsh(basis @ basis.mT)[:, 0]
    return np.sqrt(np.clip(squared, 0, 1)), excess_risk


def _top_space(estimate: FloatArray, capacity: int) -> tuple[FloatArray, FloatArray]:
    """Return the top singular values `(B, c)` and right singular vectors `(B, T, c)`.

    By `eigh` of the Gram matrix where that keeps half of the digits, by SVD in the replicates where not.
    """
    n_tasks = estimate.shape[-1]
    values, vectors = np.linalg.eigh(estimate.mT @ estimate)
    precision = np.finfo(values.dtype).eps
    hard = values[:, -capacity] <= np.sqrt(precision) * values[:, -1]
    singular, top = np.sqrt(np.maximum(values[:, -capacity:], 0)), vectors[..., -capacity:]
    if hard.any():
        _, spectrum, rows = np.linalg.svd(estimate[hard], full_matrices=False)
        if (spectrum[:, capacity - 1] <= n_tasks * precision * spectrum[:, 0]).any():
            raise ValueError(
                f"a least-squares estimate has rank below {capacity} in {values.dtype}, so the space "
                "that is kept is not determined: lower the capacity, raise the noise, or pass "
                "dtype=numpy.float64."
            )
        singular[hard], top[hard] = spectrum[:, :capacity], rows[:, :capacity].mT
    return singular, top


def _squared_norm(matrices: FloatArray) -> FloatArray:
    flat = matrices.reshape(len(matrices), -1)
    return np.asarray(np.vecdot(flat, flat))


def _heads(truth: Truth) -> FloatArray:
    """Return A `(r, T)`: the task vectors, scaled to unit covariance, in a basis of their row space."""
    if truth.n_replicates != 1:
        raise ValueError(f"the truth holds {truth.n_replicates} replicates; call once for each of them.")
    covariance = truth.covariance_per_task
    variance = float(covariance[0, 0, 0])
    excess = np.abs(covariance - variance * np.eye(truth.n_features)).max()
    if variance <= 0 or excess > 1e-12 * variance:
        raise ValueError(
            "the covariance must be a positive multiple of the identity, the same for every task; "
            "for others solve draw_moments(...) with TruncatedSVD."
        )
    left, spectrum, _ = np.linalg.svd(truth.weights[0], full_matrices=False)
    # The rule of numpy.linalg.matrix_rank.
    tolerance = max(truth.weights.shape) * np.finfo(spectrum.dtype).eps * spectrum[0]
    rank = int((spectrum > tolerance).sum())
    if rank == 0:
        raise ValueError(
            "the task vectors are zero, so there is no row space; pass at least one that is not."
        )
    # Inputs with covariance s I and weights w predict what unit covariance and weights sqrt(s) w predict.
    return np.asarray(np.sqrt(variance) * (left[:, :rank] * spectrum[:rank]).T)
