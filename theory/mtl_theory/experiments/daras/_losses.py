r"""The errors that are measured, half of a mean squared error averaged over tasks, and their closed forms."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.problems import Dataset
from mtl_theory.experiments.daras._maps import SharedMap


class NoiseError(Protocol):
    """An error of task vectors that knows what noise on a shared map does to it."""

    @property
    def kappa(self) -> FloatArray:
        """Mean squared norm of each task's inputs, `(T,)`."""
        ...

    def measure(self, weights: FloatArray) -> FloatArray:
        """Return the error of task vectors `(..., R, T, d)`, shape `(..., R)`."""
        ...

    def under_noise(self, shared: SharedMap, std: float) -> FloatArray:
        """Return the exact mean under noise on the map's entries, `(R,)`."""
        ...

    def noise_spread(self, shared: SharedMap, std: float) -> FloatArray:
        """Return the exact standard deviation over single draws of Gaussian noise, `(R,)`."""
        ...


@dataclass(frozen=True, kw_only=True)
class HalfError:
    r"""$\frac{1}{2T} \sum_t E (w_t^\top x - y_t)^2$ over the samples of each task.

    Parameters
    ----------
    second
        $\Sigma_t = E[x x^\top]$, `(T, d, d)`; tasks differ because their inputs do.
    cross
        $E[x y_t]$, `(T, d)`.
    energy
        $E[y_t^2]$, `(T,)`.
    """

    second: FloatArray
    cross: FloatArray
    energy: FloatArray

    @classmethod
    def of(cls, data: Dataset) -> "HalfError":
        """Summarise one replicate of samples."""
        moments = data.moments()
        counts = moments.n_samples
        return cls(
            second=moments.gram_per_task[0] / counts[:, None, None],
            cross=moments.cross[0] / counts[:, None],
            energy=moments.energy[0] / counts,
        )

    @property
    def kappa(self) -> FloatArray:
        r"""$\kappa_t = E \lVert x \rVert^2 = \operatorname{tr} \Sigma_t$, `(T,)`."""
        kappa: FloatArray = np.trace(self.second, axis1=1, axis2=2)
        return kappa

    def measure(self, weights: FloatArray) -> FloatArray:
        """Return the error of task vectors `(..., T, d)`, shape `(...)`."""
        # Tasks first: one large matrix product a task.
        tasks_first = np.moveaxis(weights.reshape(-1, *weights.shape[-2:]), 1, 0)
        image = tasks_first @ self.second - 2 * self.cross[:, None]
        per_task = np.einsum("tnd,tnd->nt", image, tasks_first) + self.energy
        error: FloatArray = 0.5 * per_task.mean(axis=-1).reshape(weights.shape[:-2])
        return error

    def under_noise(self, shared: SharedMap, std: float) -> FloatArray:
        r"""Return the exact mean under noise of variance $\sigma^2$ on the map's entries, `(R,)`.

        $\mathcal{E}(W) + \frac{\sigma^2}{2T} \sum_t \kappa_t \lVert \gamma_t \rVert^2$ for any map.
        """
        growth = (self.kappa * (shared.heads**2).sum(axis=-1)).mean(axis=-1)
        error: FloatArray = self.measure(shared.weights) + 0.5 * std**2 * growth
        return error

    def noise_spread(self, shared: SharedMap, std: float) -> FloatArray:
        r"""Return the exact standard deviation of the error over single draws of Gaussian noise, `(R,)`.

        The quadratic part has variance $\frac{\sigma^4}{2T^2} \sum_{tu} (\gamma_t^\top \gamma_u)^2
        \operatorname{tr}(\Sigma_t \Sigma_u)$, the linear part $\frac{\sigma^2}{T^2} \sum_{tu}
        \gamma_t^\top \gamma_u\, g_t^\top g_u$ with $g_t = \Sigma_t w_t - E[x y_t]$; odd moments vanish, so
        the two are uncorrelated.
        """
        n_tasks = len(self.energy)
        heads = shared.heads @ shared.heads.mT
        flat = self.second.reshape(n_tasks, -1)
        gradient = (self.second @ shared.weights[..., None])[..., 0] - self.cross
        quadratic = 0.5 * std**4 * (heads**2 * (flat @ flat.T)).sum(axis=(-1, -2))
        linear = std**2 * (heads * (gradient @ gradient.mT)).sum(axis=(-1, -2))
        spread: FloatArray = np.sqrt(quadratic + linear) / n_tasks
        return spread

    def under_deletion(self, shared: SharedMap, probability: float) -> FloatArray:
        r"""Return the exact mean when every entry of the map is zero with probability $p$, `(R,)`.

        $\mathcal{E}((1-p) W) + \frac{p (1-p)}{2T} \sum_t \sum_{ij} \gamma_{ti}^2 w_{ij}^2 \Sigma_{t,jj}$. The
        map need not be optimal for the data.
        """
        diagonal = np.einsum("tdd->td", self.second)
        scatter = (shared.heads**2 @ shared.representation**2 * diagonal).sum(axis=-1).mean(axis=-1)
        kept = self.measure((1 - probability) * shared.weights)
        error: FloatArray = kept + 0.5 * probability * (1 - probability) * scatter
        return error


@dataclass(frozen=True, kw_only=True)
class HalfParameterError:
    r"""$\frac{1}{2T} \lVert \hat C - C \rVert_F^2$: half of the paper's equation (7), as if $E x x^\top = I$.

    Parameters
    ----------
    target
        $C^\top$ of each run, the true task vectors as rows, `(R, T, d)`.
    """

    target: FloatArray

    @property
    def kappa(self) -> FloatArray:
        """The number of features for every task, `(T,)`."""
        n_tasks, n_features = self.target.shape[-2:]
        return np.full(n_tasks, float(n_features))

    def measure(self, weights: FloatArray) -> FloatArray:
        """Return the error of task vectors `(..., R, T, d)`, shape `(..., R)`."""
        error: FloatArray = 0.5 * ((weights - self.target) ** 2).sum(axis=-1).mean(axis=-1)
        return error

    def under_noise(self, shared: SharedMap, std: float) -> FloatArray:
        r"""Return the mean $\mathcal{E}(W) + \frac{d \sigma^2}{2T} \lVert \Gamma \rVert_F^2$, `(R,)`."""
        n_tasks, n_features = self.target.shape[-2:]
        growth = n_features * (shared.heads**2).sum(axis=(-1, -2)) / n_tasks
        error: FloatArray = self.measure(shared.weights) + 0.5 * std**2 * growth
        return error

    def noise_spread(self, shared: SharedMap, std: float) -> FloatArray:
        r"""Return the standard deviation over single draws, `(R,)`, in parts as for `HalfError`."""
        n_tasks, n_features = self.target.shape[-2:]
        heads = shared.heads @ shared.heads.mT
        gradient = shared.weights - self.target
        quadratic = 0.5 * std**4 * n_features * (heads**2).sum(axis=(-1, -2))
        linear = std**2 * (heads * (gradient @ gradient.mT)).sum(axis=(-1, -2))
        spread: FloatArray = np.sqrt(quadratic + linear) / n_tasks
        return spread
