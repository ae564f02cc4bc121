"""Noise on the weights: additive Gaussian, additive uniform, multiplicative."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb._parameters import checked_size, fit_to, parameter_hash, same_parameters
from mtl_simulators.perturb._random import standard_normal, uniform


@dataclass(frozen=True, kw_only=True)
class AdditiveNoise:
    r"""Independent Gaussian noise, $W + N$ with $N_{ij} \sim \mathcal N(0, v_{ij}^2)$.

    $E[N] = 0$ and $E[N N^\top] = \mathrm{diag}_i(\sum_j v_{ij}^2)$, so equal variances give $d v^2 I$.
    Applied to the heads it is head noise.

    Parameters
    ----------
    std
        $v$, at least 0, broadcast to the weights: one number, `(r, 1)` per row (hidden unit), `(d,)` per
        column (input feature), `(r, d)` per entry.

    Raises
    ------
    ValueError
        On a negative or non-finite std; on drawing, on one that does not broadcast to the weights.

    Notes
    -----
    Source: Daras, Raoof, Gkalitsiou and Dimakis, 2022, the noise corruption model.

    >>> from mtl_simulators.perturb import corrupt
    >>> noise = AdditiveNoise(std=np.array([[0.0], [1.0]]))
    >>> draws = corrupt(np.random.default_rng(0), np.zeros((2, 3)), noise, n_draws=4)
    >>> draws.shape, bool((draws[:, 0] == 0).all()), bool((draws[:, 1] == 0).any())
    ((4, 2, 3), True, False)
    """

    std: float | FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "std", checked_size("std", self.std))

    __eq__ = same_parameters
    __hash__ = parameter_hash

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        std = fit_to("std", self.std, weights)
        draws = standard_normal(rng, (n_draws, *weights.shape), weights.dtype)
        draws *= std
        draws += weights
        return draws


@dataclass(frozen=True, kw_only=True)
class UniformNoise:
    r"""Independent uniform noise on $[-\sqrt3 v_{ij}, \sqrt3 v_{ij})$, of standard deviation $v_{ij}$.

    The moments $E[N]$ and $E[N N^\top]$ are those of `AdditiveNoise` at the same std.

    Parameters
    ----------
    std
        As in `AdditiveNoise`: the standard deviation, not the half-width.

    Raises
    ------
    ValueError
        As in `AdditiveNoise`.
    """

    std: float | FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "std", checked_size("std", self.std))

    __eq__ = same_parameters
    __hash__ = parameter_hash

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        # Var U = 1/12 on [0, 1), so 2 sqrt(3) (U - 1/2) has variance one.
        width = fit_to("std", np.multiply(2.0 * np.sqrt(3.0), self.std), weights)
        draws = uniform(rng, (n_draws, *weights.shape), weights.dtype).astype(weights.dtype, copy=False)
        draws -= 0.5
        draws *= width
        draws += weights
        return draws


@dataclass(frozen=True, kw_only=True)
class MultiplicativeNoise:
    r"""Noise in proportion to each weight, $W \circ (1 + v N)$ with standard normal $N$.

    The error $E = v N \circ W$ has $E[E] = 0$ and, for one number $v$, $E[E E^\top] = v^2\, \mathrm{diag}_i
    \|w_i\|^2$; $v = 0$ leaves the weights as they are. This is not $v\,W \circ (1 + N)$, which scales the
    weights by $v$ as well and erases them at $v = 0$.

    Parameters
    ----------
    std
        $v$, relative to the weight; broadcast as in `AdditiveNoise`.

    Raises
    ------
    ValueError
        As in `AdditiveNoise`.
    """

    std: float | FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "std", checked_size("std", self.std))

    __eq__ = same_parameters
    __hash__ = parameter_hash

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        std = fit_to("std", self.std, weights)
        draws = standard_normal(rng, (n_draws, *weights.shape), weights.dtype)
        draws *= std
        draws += 1.0
        draws *= weights
        return draws
