"""Random replacement of single weights: flipped signs and stuck values."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb._parameters import (
    checked_fraction,
    checked_values,
    fit_to,
    parameter_hash,
    same_parameters,
)
from mtl_simulators.perturb._random import bernoulli


@dataclass(frozen=True, kw_only=True)
class SignFlip:
    r"""Each weight changes its sign with probability $p$, independently.

    The error has $E[E] = -2pW$; $E[E E^\top]$ is $4p\|w_i\|^2$ on the diagonal and $4p^2 w_i^\top w_k$ off
    it.

    Parameters
    ----------
    probability
        $p$ in [0, 1].

    Raises
    ------
    ValueError
        On a probability outside [0, 1].
    """

    probability: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "probability", checked_fraction("probability", self.probability))

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        flipped = bernoulli(rng, self.probability, (n_draws, *weights.shape), weights.dtype)
        return np.where(flipped, -weights, weights)


@dataclass(frozen=True, kw_only=True)
class StuckAt:
    r"""Each weight is replaced by a fixed value $c$ with probability $p$, independently.

    The error has $E[E] = p(c - W)$; $E[E E^\top]$ is $p\|c - w_i\|^2$ on the diagonal and
    $p^2 (c - w_i)^\top (c - w_k)$ off it. Value 0 has the law of `ElementDeletion`.

    Parameters
    ----------
    probability
        $p$ in [0, 1].
    value
        $c$: one number, or an array that broadcasts to the weights.

    Raises
    ------
    ValueError
        On a probability outside [0, 1] or a non-finite value; on drawing, on a value that does not broadcast.
    """

    probability: float
    value: float | FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "probability", checked_fraction("probability", self.probability))
        object.__setattr__(self, "value", checked_values("value", self.value))

    __eq__ = same_parameters
    __hash__ = parameter_hash

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        value = fit_to("value", self.value, weights)
        stuck = bernoulli(rng, self.probability, (n_draws, *weights.shape), weights.dtype)
        return np.where(stuck, value, weights)
