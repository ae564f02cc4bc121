"""Shared maps for given task vectors: the paper's, the best for the data, one a task; noise-aware heads."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Dataset
from mtl_simulators.solvers import orthonormal_rows


@dataclass(frozen=True, kw_only=True)
class SharedMap:
    """A map $W$, `(R, r, d)`, and heads, `(R, T, r)`, of `R` runs."""

    representation: FloatArray
    heads: FloatArray

    @property
    def weights(self) -> FloatArray:
        """The task vectors that it realises, `(R, T, d)`."""
        weights: FloatArray = self.heads @ self.representation
        return weights


def first_run(shared: SharedMap) -> SharedMap:
    """Return the first run's map alone."""
    return SharedMap(representation=shared.representation[:1], heads=shared.heads[:1])


def truncated_map(weights: FloatArray, capacity: int) -> SharedMap:
    r"""Return $W = U_k^\top$, $\Gamma = S_k V_k^\top$ for `(R, T, d)`: the paper's equation (4)."""
    n_runs, _, n_features = weights.shape
    identity = np.broadcast_to(np.eye(n_features), (n_runs, n_features, n_features))
    representation, heads = orthonormal_rows(weights, capacity, identity)
    return SharedMap(representation=representation, heads=heads)


def single_task_map(weights: FloatArray) -> SharedMap:
    """Return one unit row a task and heads that read their own row alone: `T` models that share nothing."""
    norms = np.linalg.norm(weights, axis=-1, keepdims=True)
    return SharedMap(representation=weights / norms, heads=norms * np.eye(weights.shape[1]))


def loss_optimal_map(weights: FloatArray, second_moment: FloatArray, capacity: int) -> SharedMap:
    r"""Return the map with orthonormal rows that predicts $x^\top c_t$ best for inputs of moment $\Sigma$.

    The best product is $C$ projected on the top $k$ eigenvectors of the `T x T` matrix $C^\top \Sigma C$
    (reduced-rank regression; Izenman 1975). With $\Sigma \propto I$ it is `truncated_map`.
    """
    _, vectors = np.linalg.eigh(weights @ second_moment @ weights.mT)
    top = vectors[..., -capacity:]
    return truncated_map(top @ (top.mT @ weights), capacity)


@dataclass(frozen=True, kw_only=True)
class HeadStatistics:
    r"""What heads on a given map see of the training data.

    $H_t = W \Sigma_t W^\top$, `(R, T, r, r)`; $h_t = W \, E[x y_t]$, `(R, T, r)`; $\kappa_t$, `(T,)`.
    """

    gram: FloatArray
    cross: FloatArray
    kappa: FloatArray

    def noise_aware(self, std: float) -> FloatArray:
        r"""Return the heads of least expected training error under noise on the map, `(R, T, r)`.

        $\gamma_t = (W \Sigma_t W^\top + \kappa_t \sigma^2 I)^{-1} W E[x y_t]$: ridge regression. Where
        $\Sigma_t = I$ and the rows are orthonormal, the heads without noise divided by $1 + \kappa \sigma^2$.
        """
        rank = self.gram.shape[-1]
        noisy = self.gram + std**2 * self.kappa[:, None, None] * np.eye(rank)
        heads: FloatArray = np.linalg.solve(noisy, self.cross[..., None])[..., 0]
        return heads

    def first_run(self) -> "HeadStatistics":
        """Return those of the first run alone."""
        return HeadStatistics(gram=self.gram[:1], cross=self.cross[:1], kappa=self.kappa)


def head_statistics(shared: SharedMap, data: Dataset) -> HeadStatistics:
    """Gather the statistics on training data of separate designs."""
    hidden = data.inputs[0] @ shared.representation[:, None].mT  # (R, T, n, r)
    counts = data.counts.astype(np.float64)
    return HeadStatistics(
        gram=hidden.mT @ hidden / counts[:, None, None],
        cross=(data.targets[0][..., None, :] @ hidden)[..., 0, :] / counts[:, None],
        kappa=(data.inputs[0] ** 2).sum(axis=(-1, -2)) / counts,
    )
