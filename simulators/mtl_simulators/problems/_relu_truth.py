"""What a simulated problem with ReLU teachers knows about itself."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators._validation import finite_array, spd_matrix


@dataclass(frozen=True, kw_only=True)
class ReluTruth:
    r"""The population behind $y_t = \sum_j a_{tj} \operatorname{ReLU}(x^\top \theta_{tj}) + \varepsilon_t$.

    Inputs of task $t$ have covariance $\Sigma_t$ and the label noise has standard deviation $\sigma_t$.

    Parameters
    ----------
    neurons
        $\theta_{tj}$, shape `(B, T, h, d)`; a task with fewer neurons than h has zero rows.
    amplitudes
        $a_{tj}$, shape `(B, T, h)`.
    covariance
        Input covariances: `(d, d)` when all tasks share one, `(T, d, d)` when they differ.
    noise
        Label-noise standard deviation per task, shape `(T,)`.

    Raises
    ------
    ValueError
        On NaN, infinity, mismatched shapes, a covariance that is not positive semidefinite, negative noise.

    Source: Wu, Zhang and Ré (2020), section 2.1 and figure 8.
    """

    neurons: FloatArray
    amplitudes: FloatArray
    covariance: FloatArray
    noise: FloatArray

    def __post_init__(self) -> None:
        """Check shapes against each other."""
        neurons = finite_array("neurons", self.neurons, ndim=4)
        amplitudes = finite_array("amplitudes", self.amplitudes, ndim=3)
        covariance = spd_matrix("covariance", self.covariance, ndim=(2, 3))
        noise = finite_array("noise", self.noise, ndim=1)
        n_tasks, d = neurons.shape[1], neurons.shape[-1]
        if neurons.size == 0 or amplitudes.shape != neurons.shape[:-1]:
            raise ValueError(
                f"amplitudes {amplitudes.shape} do not fit neurons {neurons.shape}: expected neurons "
                "(B, T, h, d) and amplitudes (B, T, h), not empty."
            )
        if covariance.shape not in ((d, d), (n_tasks, d, d)):
            raise ValueError(
                f"covariance has shape {covariance.shape}, but neurons {neurons.shape} say T = {n_tasks}, "
                f"d = {d}; pass (d, d) or (T, d, d)."
            )
        if noise.shape != (n_tasks,) or (noise < 0).any():
            raise ValueError(
                f"noise must hold {n_tasks} numbers, none negative, one a task; got {noise.tolist()}."
            )
        for name, value in (
            ("neurons", neurons),
            ("amplitudes", amplitudes),
            ("covariance", covariance),
            ("noise", noise),
        ):
            object.__setattr__(self, name, value)

    @property
    def n_replicates(self) -> int:
        """Number of replicates, `B`."""
        return int(self.neurons.shape[0])

    @property
    def n_tasks(self) -> int:
        """Number of tasks, `T`."""
        return int(self.neurons.shape[1])

    @property
    def n_neurons(self) -> int:
        """Number of neurons of the widest task, `h`."""
        return int(self.neurons.shape[2])

    @property
    def n_features(self) -> int:
        """Number of features, `d`."""
        return int(self.neurons.shape[3])

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return the noiseless targets `(B, T, n)` of inputs `(B, n, d)` or `(B, T, n, d)`."""
        rows = inputs[:, None] if inputs.ndim == 3 else inputs
        hidden = np.maximum(rows @ self.neurons.mT, 0.0)
        return np.asarray((hidden @ self.amplitudes[..., None])[..., 0])

    def excess_risk(self, neurons: FloatArray, amplitudes: FloatArray) -> FloatArray:
        r"""Return the exact $\mathbb{E} (\hat f_t(x) - f_t(x))^2$ for Gaussian inputs, shape `(B, T)`.

        With all neurons $u_j$ and signed amplitudes $c_j$ of both networks it is
        $\sum_{jk} c_j c_k \lVert u_j \rVert \lVert u_k \rVert g(\phi_{jk}) / 2$, lengths and angles in the
        metric of $\Sigma_t$, with the arc-cosine kernel $g(\phi) = \cos\phi + (\sin\phi - \phi\cos\phi)/\pi$.

        Parameters
        ----------
        neurons, amplitudes
            The network to judge: `(B, T, k, d)` and `(B, T, k)`; `(B, 1, k, d)` for neurons that all tasks
            share.

        Source: Cho and Saul (2009), kernel of degree 1.
        """
        shape = (self.n_replicates, self.n_tasks)
        learned = np.broadcast_to(neurons, (*shape, *neurons.shape[-2:]))
        heads = np.broadcast_to(amplitudes, (*shape, amplitudes.shape[-1]))
        units = np.concatenate([learned, self.neurons], axis=-2)
        signed = np.concatenate([heads, -self.amplitudes], axis=-1)
        risk = np.einsum("btj,btjk,btk->bt", signed, _relu_products(units, self.covariance), signed)
        # Two equal networks leave rounding, which may fall below zero.
        return np.asarray(np.maximum(risk, 0.0))


def _relu_products(units: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return E[ReLU(x u_j) ReLU(x u_k)] for x ~ N(0, Sigma), shape `(B, T, k, k)`."""
    inner = units @ covariance @ units.mT
    lengths = np.sqrt(np.maximum(np.einsum("btjj->btj", inner), 0.0))
    scale = lengths[..., :, None] * lengths[..., None, :]
    cosine = np.clip(inner / np.where(scale > 0, scale, 1.0), -1.0, 1.0)
    angle = np.arccos(cosine)
    kernel = cosine + (np.sqrt(1 - cosine**2) - angle * cosine) / np.pi
    return np.asarray(scale * kernel / 2)
