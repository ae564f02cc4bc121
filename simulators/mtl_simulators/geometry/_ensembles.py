"""Random task vectors: Gaussian, orthonormal, low-rank, and with requested singular values."""

import numpy as np
import numpy.typing as npt

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, in_interval, positive_int
from mtl_simulators.geometry._haar import haar_rows


def make_gaussian_tasks(
    rng: np.random.Generator, *, n_tasks: int, n_features: int, n_replicates: int = 1
) -> FloatArray:
    r"""Draw task vectors with iid entries $w_{tj} \sim N(0, 1/d)$, shape `(B, T, d)`.

    The normalisation gives $\mathbb{E} \lVert w_t \rVert^2 = 1$, and cosines of order $1/\sqrt d$.

    Raises
    ------
    ValueError
        On sizes that are not positive integers.

    Source: Daras et al. (2022), Theorem 2.7.

    >>> make_gaussian_tasks(np.random.default_rng(0), n_tasks=3, n_features=50, n_replicates=2).shape
    (2, 3, 50)
    """
    shape = _shape(n_replicates, n_tasks, n_features)
    weights: FloatArray = rng.standard_normal(shape) / np.sqrt(n_features)
    return weights


def make_orthonormal_tasks(
    rng: np.random.Generator, *, n_tasks: int, n_features: int, n_replicates: int = 1
) -> FloatArray:
    r"""Draw Haar-random orthonormal task vectors, $w_s^\top w_t = 1[s = t]$, shape `(B, T, d)`.

    Raises
    ------
    ValueError
        When there are more tasks than features, or on sizes that are not positive integers.

    >>> w = make_orthonormal_tasks(np.random.default_rng(0), n_tasks=3, n_features=5)
    >>> bool(np.allclose(w @ w.mT, np.eye(3), atol=1e-12))
    True
    """
    shape = _shape(n_replicates, n_tasks, n_features)
    if n_tasks > n_features:
        raise ValueError(
            f"n_tasks={n_tasks} orthonormal vectors do not fit into n_features={n_features} dimensions; "
            f"pass at most {n_features} tasks or at least {n_tasks} features."
        )
    return haar_rows(rng, *shape)


def make_low_rank_tasks(
    rng: np.random.Generator,
    *,
    n_tasks: int,
    n_features: int,
    rank: int,
    residual: float = 0.0,
    n_replicates: int = 1,
) -> FloatArray:
    r"""Draw task vectors near a common subspace, $w = A B + \varepsilon E$, shape `(B, T, d)`.

    The rows of $B$, `(r, d)`, are a Haar-random orthonormal basis of the subspace, the heads $A$, `(T, r)`,
    have iid $N(0, 1)$ entries, and $E$, `(T, d)`, iid $N(0, 1/d)$ entries, so that
    $\mathbb{E} \lVert w_t \rVert^2 = r + \varepsilon^2$. Draws with the same `rng` state and another
    `residual` share $A$, $B$ and $E$.

    Parameters
    ----------
    rank
        Dimension $r$ of the subspace, between 1 and `min(T, d)`; the measured rank when `residual` is 0.
    residual
        Size $\varepsilon \ge 0$ of what each task has outside the common structure.

    Raises
    ------
    ValueError
        On a rank above `min(T, d)`, a negative residual, or sizes that are not positive integers.

    >>> w = make_low_rank_tasks(np.random.default_rng(0), n_tasks=8, n_features=20, rank=3, n_replicates=2)
    >>> np.linalg.matrix_rank(w).tolist()
    [3, 3]
    """
    shape = _shape(n_replicates, n_tasks, n_features)
    positive_int("rank", rank)
    if rank > min(n_tasks, n_features):
        raise ValueError(
            f"rank={rank} is infeasible for {n_tasks} tasks in {n_features} features: the rank is at most "
            f"{min(n_tasks, n_features)}; lower it, or raise n_tasks and n_features to at least {rank}."
        )
    in_interval("residual", residual, 0.0, np.inf)
    rng_basis, rng_heads, rng_residual = rng.spawn(3)
    heads = rng_heads.standard_normal((n_replicates, n_tasks, rank))
    weights: FloatArray = heads @ haar_rows(rng_basis, n_replicates, rank, n_features)
    if residual:
        weights += residual / np.sqrt(n_features) * rng_residual.standard_normal(shape)
    return weights


def make_tasks_with_spectrum(
    rng: np.random.Generator,
    *,
    spectrum: npt.ArrayLike,
    n_tasks: int,
    n_features: int,
    n_replicates: int = 1,
) -> FloatArray:
    r"""Draw task vectors with requested singular values, $w = U \operatorname{diag}(s) V$, shape `(B, T, d)`.

    $U$, `(T, r)`, has Haar-random orthonormal columns and $V$, `(r, d)`, Haar-random orthonormal rows.

    Parameters
    ----------
    spectrum
        Singular values $s$, shape `(r,)`, in any order, none negative, `r <= min(T, d)`; the other
        `min(T, d) - r` singular values are 0.

    Raises
    ------
    ValueError
        On more than `min(T, d)` singular values, none at all, or a negative one.

    >>> w = make_tasks_with_spectrum(np.random.default_rng(0), spectrum=[3.0, 1.0], n_tasks=4, n_features=6)
    >>> np.linalg.svd(w[0], compute_uv=False).round(12).tolist()
    [3.0, 1.0, 0.0, 0.0]
    """
    _shape(n_replicates, n_tasks, n_features)
    singular = finite_array("spectrum", spectrum, ndim=1).astype(np.float64)
    limit = min(n_tasks, n_features)
    if not 1 <= singular.size <= limit:
        raise ValueError(
            f"spectrum has {singular.size} singular values, but {n_tasks} tasks in {n_features} features "
            f"have 1 to {limit}; pass no more, or raise n_tasks and n_features."
        )
    if (singular < 0).any():
        raise ValueError(f"spectrum holds {singular.min():g}: singular values are not negative; pass np.abs.")
    rng_left, rng_right = rng.spawn(2)
    left = haar_rows(rng_left, n_replicates, singular.size, n_tasks)
    right = haar_rows(rng_right, n_replicates, singular.size, n_features)
    weights: FloatArray = left.mT @ (singular[:, None] * right)
    return weights


def _shape(n_replicates: int, n_tasks: int, n_features: int) -> tuple[int, int, int]:
    return (
        positive_int("n_replicates", n_replicates),
        positive_int("n_tasks", n_tasks),
        positive_int("n_features", n_features),
    )
