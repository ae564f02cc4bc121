"""Task vectors with requested inner products."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators._validation import positive_int, spd_matrix
from mtl_simulators.geometry._cosines import task_norms
from mtl_simulators.geometry._haar import haar_rows

# Eigenvalues of a cosine matrix within this share of the largest are rounding of zero; dropping them
# changes no cosine by more than that share of T.
ROUNDING = 1e-12


def make_tasks_with_gram(
    rng: np.random.Generator, *, gram: npt.ArrayLike, n_features: int, n_replicates: int = 1
) -> FloatArray:
    r"""Draw task vectors with the inner products $w_s^\top w_t = G_{st}$, shape `(B, T, d)`.

    $w = F Q$ with $G = F F^\top$ from the eigendecomposition and Haar-random orthonormal rows $Q$, one
    independent orientation a replicate.

    Parameters
    ----------
    gram
        Inner products $G$, shape `(T, T)`: symmetric, positive semidefinite, of rank at most `n_features`.

    Raises
    ------
    ValueError
        On a Gram matrix that is not symmetric, not positive semidefinite, or of a rank above `n_features`.

    >>> gram = [[4.0, 1.0], [1.0, 1.0]]
    >>> w = make_tasks_with_gram(np.random.default_rng(0), gram=gram, n_features=5)
    >>> (w[0] @ w[0].T).round(12).tolist()
    [[4.0, 1.0], [1.0, 1.0]]
    """
    matrix = spd_matrix("gram", gram).astype(np.float64)
    square = np.diagonal(matrix)
    # Rank and sign are judged on the cosines, so that short tasks count as much as long ones.
    norms = np.sqrt(np.where(square > 0, square, 1.0))
    factor = _factor("gram", (matrix + matrix.T) / 2 / norms[:, None] / norms)
    return _oriented(rng, norms[:, None] * factor, n_features, n_replicates)


def make_equicorrelated_tasks(
    rng: np.random.Generator,
    *,
    n_tasks: int,
    n_features: int,
    cosine: float,
    norms: npt.ArrayLike | None = None,
    n_replicates: int = 1,
) -> FloatArray:
    r"""Draw task vectors whose pairwise cosines are all exactly `cosine`, shape `(B, T, d)`.

    Their cosine matrix $(1 - c) I + c 1 1^\top$ has the eigenvalues $1 + (T - 1) c$, once, and $1 - c$,
    $T - 1$ times, so $-1/(T-1) \le c \le 1$. The vectors span $T$ dimensions inside this interval, $T - 1$
    at its lower end and one at its upper end; as many features are needed.

    Parameters
    ----------
    cosine
        Common pairwise cosine $c$; without effect on a single task.
    norms
        Lengths of the task vectors: one positive number, or `(T,)`; default 1.

    Raises
    ------
    ValueError
        On an infeasible cosine, too few features, or norms that are not positive.

    >>> w = make_equicorrelated_tasks(np.random.default_rng(0), n_tasks=3, n_features=5, cosine=-0.5)
    >>> (w[0] @ w[0].T).round(12).tolist()
    [[1.0, -0.5, -0.5], [-0.5, 1.0, -0.5], [-0.5, -0.5, 1.0]]
    """
    positive_int("n_tasks", n_tasks)
    low = -1.0 / max(n_tasks - 1, 1)
    if not low - ROUNDING <= cosine <= 1 + ROUNDING:
        raise ValueError(
            f"cosine={cosine!r} is infeasible for {n_tasks} tasks: it must lie in [-1/(T-1), 1] = "
            f"[{low:.6g}, 1]; move it there, or ask for fewer tasks."
        )
    gram = np.full((n_tasks, n_tasks), np.clip(float(cosine), low, 1.0))
    np.fill_diagonal(gram, 1.0)
    lengths = task_norms(norms, n_tasks)
    return _oriented(rng, lengths[:, None] * _factor("cosine", gram), n_features, n_replicates)


def make_clustered_tasks(
    rng: np.random.Generator,
    *,
    cluster_sizes: Sequence[int],
    n_features: int,
    within: float,
    between: float,
    norms: npt.ArrayLike | None = None,
    n_replicates: int = 1,
) -> FloatArray:
    r"""Draw groups of tasks: cosine `within` inside a group, `between` across groups, shape `(B, T, d)`.

    Tasks are ordered by group and $T$ is the sum of `cluster_sizes`. With group sizes $m_k$, within
    cosine $\omega$ and between cosine $\beta$, the cosine matrix has the eigenvalue $1 - \omega$ and those of
    $\operatorname{diag}(1 + (m_k - 1) \omega - m_k \beta) + \beta s s^\top$, $s_k = \sqrt{m_k}$; none may be
    negative. An infeasible `between` is answered with the interval that is feasible for `within`.

    Parameters
    ----------
    cluster_sizes
        Tasks in each group, positive integers.
    within
        Cosine inside a group; without effect when every group has one task.
    between
        Cosine across groups; without effect when there is one group.
    norms
        Lengths of the task vectors: one positive number, or `(T,)`; default 1.

    Raises
    ------
    ValueError
        On infeasible cosines, too few features, sizes that are not positive, or norms that are not positive.

    >>> w = make_clustered_tasks(
    ...     np.random.default_rng(0), cluster_sizes=[2, 1], n_features=5, within=0.8, between=-0.3
    ... )
    >>> (w[0] @ w[0].T).round(12).tolist()
    [[1.0, 0.8, -0.3], [0.8, 1.0, -0.3], [-0.3, -0.3, 1.0]]
    """
    sizes = np.array(
        [positive_int(f"cluster_sizes[{k}]", m) for k, m in enumerate(cluster_sizes)], dtype=np.int64
    )
    if sizes.size == 0:
        raise ValueError("cluster_sizes is empty; pass the number of tasks in each group.")
    floor = -1.0 / max(int(sizes.max()) - 1, 1)
    if not floor - ROUNDING <= within <= 1 + ROUNDING:
        raise ValueError(
            f"within={within!r} is infeasible for a group of {sizes.max()} tasks: it must lie in "
            f"[{floor:.6g}, 1]; move it there, or make the largest group smaller."
        )
    within = float(np.clip(within, floor, 1.0))
    low, high = _feasible_between(sizes, within)
    if not low - ROUNDING <= between <= high + ROUNDING:
        raise ValueError(
            f"between={between!r} is infeasible for groups of {sizes.tolist()} tasks with "
            f"within={within:.6g}: it must lie in [{low:.6g}, {high:.6g}]; move it there, or change within."
        )
    group = np.repeat(np.arange(sizes.size), sizes)
    gram = np.where(group[:, None] == group, within, np.clip(float(between), low, high))
    np.fill_diagonal(gram, 1.0)
    lengths = task_norms(norms, group.size)
    return _oriented(rng, lengths[:, None] * _factor("within and between", gram), n_features, n_replicates)


def _factor(name: str, cosines: FloatArray) -> FloatArray:
    """Return F, `(T, rank)`, with F F' = `cosines`; eigenvalues that round zero are left out."""
    eigenvalues, vectors = np.linalg.eigh(cosines)
    margin = ROUNDING * float(np.abs(eigenvalues).max())
    if eigenvalues[0] < -margin:
        raise ValueError(
            f"{name} is not positive semidefinite (smallest eigenvalue {eigenvalues[0]:.3g} after scaling to "
            "cosines); clip its negative eigenvalues or ask for smaller correlations."
        )
    kept = eigenvalues > margin
    factor: FloatArray = vectors[:, kept] * np.sqrt(eigenvalues[kept])
    return factor


def _oriented(rng: np.random.Generator, factor: FloatArray, n_features: int, n_replicates: int) -> FloatArray:
    """Return F Q with Haar-random orthonormal rows Q, `(B, T, d)`."""
    n_tasks, rank = factor.shape
    positive_int("n_features", n_features)
    positive_int("n_replicates", n_replicates)
    if rank > n_features:
        raise ValueError(
            f"the requested inner products of {n_tasks} tasks have rank {rank}, but n_features={n_features}: "
            f"they need at least {rank} features; raise n_features, or ask for a Gram matrix of rank at most "
            f"{n_features} (for instance fewer tasks)."
        )
    weights: FloatArray = factor @ haar_rows(rng, n_replicates, rank, n_features)
    return weights


def _feasible_between(sizes: IntArray, within: float) -> tuple[float, float]:
    """Return the interval of between-group cosines that leaves the cosine matrix positive semidefinite."""
    own = 1 + (sizes - 1) * within
    if sizes.size == 1:
        return -1.0, 1.0
    # A group whose vectors sum to zero has cosine zero on average, so only zero, with any other group.
    if own.min() <= ROUNDING:
        return 0.0, 0.0
    side = np.sqrt(sizes / own)
    across = np.outer(side, side)
    np.fill_diagonal(across, 0.0)
    # diag(own) + between * (s s' - diag(sizes)) >= 0  iff  1 + between * mu >= 0 for every eigenvalue mu.
    eigenvalues = np.linalg.eigvalsh(across)
    return -1.0 / float(eigenvalues[-1]), -1.0 / float(eigenvalues[0])
