"""Sufficient statistics of least squares."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, symmetric_matrix


@dataclass(frozen=True, kw_only=True)
class Moments:
    r"""All that squared loss sees of a data set.

    $\lVert X_t w - y_t \rVert^2 = w^\top G_t w - 2 w^\top c_t + e_t$ with $G_t = X_t^\top X_t$,
    $c_t = X_t^\top y_t$, $e_t = y_t^\top y_t$.

    Parameters
    ----------
    gram
        $X_t^\top X_t$, symmetric, not normalised: `(B, d, d)` for a design that all tasks share, else
        `(B, T, d, d)`.
    cross
        $X_t^\top y_t$, shape `(B, T, d)`.
    energy
        $y_t^\top y_t$, shape `(B, T)`.
    n_samples
        Samples per task, positive, shape `(T,)`; ones for population moments.

    Raises
    ------
    ValueError
        On NaN, infinity, mismatched shapes, a Gram matrix that is not symmetric, or counts below zero.

    >>> moments = Moments(gram=[[[2.0]]], cross=[[[4.0]]], energy=[[9.0]], n_samples=[2])
    >>> moments.squared_error(np.array([[[2.0]]])).tolist()  # (2 * 2**2 - 2 * 4 * 2 + 9) / 2
    [[0.5]]
    """

    gram: FloatArray
    cross: FloatArray
    energy: FloatArray
    n_samples: FloatArray

    def __post_init__(self) -> None:
        """Check shapes against each other."""
        gram = symmetric_matrix("gram", self.gram, ndim=(3, 4))
        cross = finite_array("cross", self.cross, ndim=3)
        energy = finite_array("energy", self.energy, ndim=2)
        n_samples = finite_array("n_samples", self.n_samples, ndim=1)
        n_replicates, n_tasks, n_features = cross.shape
        tasks = () if gram.ndim == 3 else (n_tasks,)
        if gram.shape != (n_replicates, *tasks, n_features, n_features):
            raise ValueError(
                f"gram {gram.shape} does not fit cross {cross.shape}: pass gram (B, d, d) for a shared "
                "design, else (B, T, d, d), and cross (B, T, d)."
            )
        if energy.shape != (n_replicates, n_tasks) or n_samples.shape != (n_tasks,):
            raise ValueError(
                f"energy {energy.shape} and n_samples {n_samples.shape} do not fit cross {cross.shape}: "
                "pass energy (B, T) and n_samples (T,)."
            )
        if (n_samples <= 0).any():
            raise ValueError(
                f"n_samples must be positive, got {n_samples.tolist()}; drop tasks without samples, and pass "
                "ones for population moments."
            )
        for name, value in (("gram", gram), ("cross", cross), ("energy", energy), ("n_samples", n_samples)):
            object.__setattr__(self, name, value)

    @property
    def shared_design(self) -> bool:
        """Whether every task has the same inputs."""
        return self.gram.ndim == 3

    @property
    def n_replicates(self) -> int:
        """Number of replicates, `B`."""
        return int(self.cross.shape[0])

    @property
    def n_tasks(self) -> int:
        """Number of tasks, `T`."""
        return int(self.cross.shape[1])

    @property
    def n_features(self) -> int:
        """Number of features, `d`."""
        return int(self.cross.shape[2])

    @property
    def gram_per_task(self) -> FloatArray:
        """Gram matrices with the task axis always present, shape `(B, T, d, d)` (a view when shared)."""
        if not self.shared_design:
            return self.gram
        shape = (self.n_replicates, self.n_tasks, self.n_features, self.n_features)
        return np.broadcast_to(self.gram[:, None], shape)

    def squared_error(self, weights: FloatArray) -> FloatArray:
        r"""Return $\lVert X_t w_t - y_t \rVert^2 / n_t$ per task, shape `(B, T)`, for weights `(B, T, d)`.

        The three terms cancel near an exact fit: the absolute error is of the order of machine precision
        times $e_t / n_t$, and a value below zero is rounding. Samples have no such floor:
        `Dataset.squared_error`.
        """
        if self.shared_design:
            image = weights @ self.gram
        else:
            image = np.einsum("btij,btj->bti", self.gram, weights)
        quadratic = np.einsum("bti,bti->bt", image - 2 * self.cross, weights)
        error: FloatArray = (quadratic + self.energy) / self.n_samples
        return error
