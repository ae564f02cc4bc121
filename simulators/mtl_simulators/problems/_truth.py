"""What a simulated problem knows about itself."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, spd_matrix
from mtl_simulators.problems._moments import Moments


@dataclass(frozen=True, kw_only=True)
class Truth:
    r"""The population behind a linear multitask problem: $y_t = x^\top w_t + \varepsilon_t$.

    Inputs of task $t$ have second moment $\Sigma_t$ and the label noise has standard deviation $\sigma_t$.

    Parameters
    ----------
    weights
        Task vectors $w_t$, shape `(B, T, d)`. The papers' $C \in \mathbb{R}^{d \times T}$ is the transpose.
    covariance
        Input second moments: `(d, d)` when all tasks share one, `(T, d, d)` when they differ.
    noise
        Label-noise standard deviation per task, shape `(T,)`.

    Raises
    ------
    ValueError
        On NaN, infinity, mismatched shapes, a covariance that is not positive semidefinite, negative noise.
    """

    weights: FloatArray
    covariance: FloatArray
    noise: FloatArray

    def __post_init__(self) -> None:
        """Check shapes against each other."""
        weights = finite_array("weights", self.weights, ndim=3)
        covariance = spd_matrix("covariance", self.covariance, ndim=(2, 3))
        noise = finite_array("noise", self.noise, ndim=1)
        _, n_tasks, n_features = weights.shape
        if covariance.shape[-1] != n_features:
            raise ValueError(
                f"covariance has shape {covariance.shape}, but weights {weights.shape} say d = {n_features}; "
                "pass matrices of shape (d, d)."
            )
        if covariance.ndim == 3 and covariance.shape[0] != n_tasks:
            raise ValueError(
                f"covariance has {covariance.shape[0]} matrices for T = {n_tasks} tasks; pass 1 or T."
            )
        if noise.shape != (n_tasks,):
            raise ValueError(f"noise has shape {noise.shape}, expected ({n_tasks},): one value a task.")
        if (noise < 0).any():
            raise ValueError(f"noise must not be negative, got a smallest value of {noise.min():g}.")
        for name, value in (("weights", weights), ("covariance", covariance), ("noise", noise)):
            object.__setattr__(self, name, value)

    @property
    def n_replicates(self) -> int:
        """Number of replicates, `B`."""
        return int(self.weights.shape[0])

    @property
    def n_tasks(self) -> int:
        """Number of tasks, `T`."""
        return int(self.weights.shape[1])

    @property
    def n_features(self) -> int:
        """Number of features, `d`."""
        return int(self.weights.shape[2])

    @property
    def shares_covariance(self) -> bool:
        """Whether every task has the same input covariance."""
        return self.covariance.ndim == 2

    @cached_property
    def covariance_per_task(self) -> FloatArray:
        """Input covariances with the task axis always present, shape `(T, d, d)` (a view when shared)."""
        d = self.n_features
        return np.broadcast_to(self.covariance, (self.n_tasks, d, d))

    def population_moments(self) -> Moments:
        r"""Return the sufficient statistics of infinitely many samples, per sample.

        $X^\top X \to \Sigma_t$, $X^\top y_t \to \Sigma_t w_t$,
        $y_t^\top y_t \to w_t^\top \Sigma_t w_t + \sigma_t^2$; a solver that gets these minimises
        the population loss.
        """
        cross = np.einsum("tij,btj->bti", self.covariance_per_task, self.weights)
        energy = np.einsum("bti,bti->bt", cross, self.weights) + self.noise**2
        return Moments(
            gram=np.broadcast_to(self.covariance, (self.n_replicates, *self.covariance.shape)),
            cross=cross,
            energy=energy,
            n_samples=np.ones(self.n_tasks),
        )
