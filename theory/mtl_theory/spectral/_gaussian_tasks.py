"""How the noise slope of random task vectors moves as tasks are added."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import positive_int
from mtl_theory.spectral._marchenko_pastur import marchenko_pastur_top_mass
from mtl_theory.spectral._slopes import prefix_slopes

BLOCK_ENTRIES = 2**20  # Gram entries in memory at once (8 MiB); part of what a seed gives


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """How often an event was seen in independent draws.

    Parameters
    ----------
    n_seen
        Draws in which the event happened.
    n_draws
        Draws in all.
    """

    n_seen: int
    n_draws: int

    def __post_init__(self) -> None:
        """Refuse counts that no experiment gives."""
        if not 0 <= self.n_seen <= positive_int("n_draws", self.n_draws):
            raise ValueError(f"n_seen must lie in [0, {self.n_draws}], got {self.n_seen!r}.")

    @property
    def probability(self) -> float:
        """The share of draws in which the event happened."""
        return self.n_seen / self.n_draws

    @property
    def standard_error(self) -> float:
        """The binomial standard error at (n_seen + 2) / (n_draws + 4): positive even at 0 and 1.

        Source: Agresti and Coull 1998.
        """
        share = (self.n_seen + 2) / (self.n_draws + 4)
        return float(np.sqrt(share * (1 - share) / (self.n_draws + 4)))


def gaussian_slope(n_tasks: int, n_features: int, capacity: int) -> float:
    r"""Predict the mean noise slope of Gaussian task vectors from the Marchenko-Pastur law.

    Entries $N(0, 1/d)$: $R(T)$ tends to $\int_q^\infty x \, dF(x)$, $F(q) = 1 - k / T$, where T, d and k
    grow together. At finite size the prediction is a little low: in simulations with aspects T / d from 0.05
    to 2 and k / T from 0.1 to 0.4 the error is of order 1 / T, at most 2% of R at T = 10, 1.2% at T = 40 and
    0.3% at T = 160. With k = 1 fixed it is 2% at T = 10 and shrinks slowly, as the largest eigenvalue meets
    the edge at rate $T^{-2/3}$. `draw_gaussian_slopes` has no such error.

    Parameters
    ----------
    n_tasks, n_features
        T and d.
    capacity
        Rows k of the shared map; from `min(T, d)` on the slope is one.

    Returns
    -------
    float
        $E[R(T)]$ up to the finite-size error.

    Raises
    ------
    ValueError
        On a number below one.

    Examples
    --------
    >>> round(gaussian_slope(1000, 2000, 300), 4)
    0.5767
    """
    positive_int("n_tasks", n_tasks)
    positive_int("n_features", n_features)
    fraction = min(1.0, positive_int("capacity", capacity) / n_tasks)
    return float(marchenko_pastur_top_mass(fraction, n_tasks / n_features))


def draw_gaussian_slopes(
    rng: np.random.Generator,
    *,
    n_tasks: int,
    n_features: int,
    capacity: int,
    n_draws: int,
    first: int | None = None,
    unit_norm: bool = False,
) -> FloatArray:
    r"""Draw the noise slopes of growing sets of Gaussian tasks, exactly in law.

    The slopes need only the Gram matrix, which is Wishart. Its Cholesky factor is drawn directly (chi
    diagonals, Gaussian above), so the cost does not depend on d, and its first t columns are the first t
    tasks. Source: Bartlett 1933; the task model is that of Daras et al. 2022, Theorem 2.7.

    Parameters
    ----------
    rng
        Source of randomness.
    n_tasks, n_features
        T and d; entries of the task vectors are $N(0, 1/d)$.
    capacity
        Rows k of the shared map, at most T.
    n_draws
        Independent task sets.
    first
        Smallest t; k if not given. Below k the slope is the mean squared norm.
    unit_norm
        Whether to normalise every task vector: uniform directions on the sphere.

    Returns
    -------
    FloatArray
        $R_t$ for t = first, ..., T, shape `(n_draws, T - first + 1)`.

    Raises
    ------
    ValueError
        On numbers below one, or capacity or first above T.

    Examples
    --------
    >>> slopes = draw_gaussian_slopes(
    ...     np.random.default_rng(0), n_tasks=6, n_features=50, capacity=2, n_draws=4
    ... )
    >>> slopes.shape
    (4, 5)
    """
    blocks = _slope_blocks(
        rng,
        GaussianDesign(n_tasks, n_features, capacity, unit_norm),
        _first(first, capacity, n_tasks),
        n_draws,
    )
    slopes: FloatArray = np.concatenate(list(blocks))
    return slopes


def probability_slope_decreases(
    rng: np.random.Generator,
    *,
    n_tasks: int,
    n_features: int,
    capacity: int,
    n_draws: int,
    first: int | None = None,
    unit_norm: bool = False,
) -> Frequency:
    r"""Count how often every added Gaussian task lowers the noise slope.

    The event is $R_{t+1} < R_t$ for all t = first, ..., T - 1. With `first=n_tasks - 1` it is the last
    step alone; the failures of that step, `n_draws - n_seen`, are the tail event of Theorem 2.7 of Daras
    et al. 2022.

    Parameters
    ----------
    rng
        Source of randomness.
    n_tasks, n_features
        T and d; entries of the task vectors are $N(0, 1/d)$.
    capacity
        Rows k of the shared map, at most T.
    n_draws
        Independent task sets; they are drawn in blocks, so their number is not bound by memory.
    first
        Tasks before the first step that counts; k if not given. Steps below k are coin flips.
    unit_norm
        Whether to normalise every task vector. Then R is one up to t = k, and no step below k decreases.

    Returns
    -------
    Frequency
        Count, draws, probability and its standard error.

    Raises
    ------
    ValueError
        On numbers below one, a capacity above T, or where no step is left (first not below T).

    Examples
    --------
    >>> probability_slope_decreases(
    ...     np.random.default_rng(0), n_tasks=5, n_features=5000, capacity=2, n_draws=100
    ... )
    Frequency(n_seen=100, n_draws=100)
    """
    start = _first(first, capacity, n_tasks)
    if start >= n_tasks:
        raise ValueError(f"no step is left between t = {start} and T = {n_tasks}; ask for more tasks.")
    design = GaussianDesign(n_tasks, n_features, capacity, unit_norm)
    seen = 0
    for slopes in _slope_blocks(rng, design, start, n_draws):
        seen += int((np.diff(slopes, axis=-1) < 0).all(axis=-1).sum())
    return Frequency(n_seen=seen, n_draws=n_draws)


@dataclass(frozen=True)
class GaussianDesign:
    """The law of one task set."""

    n_tasks: int
    n_features: int
    capacity: int
    unit_norm: bool

    def __post_init__(self) -> None:
        for name in ("n_tasks", "n_features", "capacity"):
            positive_int(name, getattr(self, name))

    def draw_gram(self, rng: np.random.Generator, n_draws: int) -> FloatArray:
        """Return Gram matrices of task sets, shape `(n_draws, T, T)`."""
        rows = min(self.n_tasks, self.n_features)
        factor = np.zeros((n_draws, rows, self.n_tasks))
        diagonal = np.arange(rows)
        factor[:, diagonal, diagonal] = np.sqrt(
            rng.chisquare(self.n_features - diagonal, size=(n_draws, rows))
        )
        above = np.triu_indices(rows, k=1, m=self.n_tasks)
        factor[:, above[0], above[1]] = rng.standard_normal((n_draws, len(above[0])))
        gram: FloatArray = factor.mT @ factor / self.n_features
        if self.unit_norm:
            tasks = np.arange(self.n_tasks)
            norms = np.sqrt(gram[:, tasks, tasks])
            gram /= norms[:, :, None] * norms[:, None, :]
            gram[:, tasks, tasks] = 1.0  # exactly, so that equal slopes compare as equal
        return gram


def _slope_blocks(
    rng: np.random.Generator, design: GaussianDesign, first: int, n_draws: int
) -> Iterator[FloatArray]:
    """Yield slopes `(b, T - first + 1)` until `n_draws` are out."""
    left = positive_int("n_draws", n_draws)
    size = max(1, BLOCK_ENTRIES // design.n_tasks**2)
    while left:
        gram = design.draw_gram(rng, min(size, left))
        yield prefix_slopes(gram, design.capacity, first=first)
        left -= len(gram)


def _first(first: int | None, capacity: int, n_tasks: int) -> int:
    """Return the smallest number of tasks that counts, checked."""
    positive_int("n_tasks", n_tasks)
    positive_int("capacity", capacity)
    if capacity > n_tasks:
        raise ValueError(f"capacity {capacity} exceeds n_tasks {n_tasks}: a larger map is never filled.")
    start = capacity if first is None else positive_int("first", first)
    if start > n_tasks:
        raise ValueError(f"first must be at most n_tasks = {n_tasks}, got {start}.")
    return start
