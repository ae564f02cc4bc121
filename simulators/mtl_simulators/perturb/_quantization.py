"""Rounding of the weights to multiples of a step."""

from dataclasses import dataclass

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_simulators.perturb._parameters import checked_size, fit_to, parameter_hash, same_parameters
from mtl_simulators.perturb._random import uniform


@dataclass(frozen=True, kw_only=True)
class NearestQuantization:
    r"""Round each weight to the nearest multiple of the step $\Delta$ (halves to the even multiple).

    The error is at most $\Delta / 2$, about $\Delta^2 / 12$ in mean square for weights spread over many
    steps. Nothing is random: all draws are equal and `rng` is not used. The range is not clipped.

    Parameters
    ----------
    step
        $\Delta > 0$, in weight units: one number, or an array that broadcasts to the weights.

    Raises
    ------
    ValueError
        On a step that is not positive and finite; on drawing, on one that does not broadcast, or too small
        for the dtype of the weights.

    >>> from mtl_simulators.perturb import corrupt
    >>> corrupt(np.random.default_rng(0), [0.3, 0.9, -1.6], NearestQuantization(step=0.5))
    array([[ 0.5,  1. , -1.5]])
    """

    step: float | FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", checked_size("step", self.step, positive=True))

    __eq__ = same_parameters
    __hash__ = parameter_hash

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        steps, step = _in_steps(weights, self.step)
        return np.repeat((np.rint(steps) * step)[None], n_draws, axis=0)


@dataclass(frozen=True, kw_only=True)
class StochasticQuantization:
    r"""Round each weight up or down to a multiple of the step $\Delta$ at random, without bias.

    With $f = w / \Delta - \lfloor w / \Delta \rfloor$ the weight goes up with probability $f$: the error has
    mean zero and variance $\Delta^2 f (1 - f)$, independently over entries, so
    $E[E E^\top] = \Delta^2\, \mathrm{diag}_i \sum_j f_{ij} (1 - f_{ij})$.

    Parameters
    ----------
    step
        As in `NearestQuantization`.

    Raises
    ------
    ValueError
        As in `NearestQuantization`.
    """

    step: float | FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", checked_size("step", self.step, positive=True))

    __eq__ = same_parameters
    __hash__ = parameter_hash

    def draw(self, rng: np.random.Generator, weights: FloatArray, *, n_draws: int) -> FloatArray:
        steps, step = _in_steps(weights, self.step)
        below = np.floor(steps)
        up = uniform(rng, (n_draws, *weights.shape), weights.dtype) < steps - below
        draws: FloatArray = (below + up.astype(weights.dtype)) * step
        return draws


def _in_steps(weights: FloatArray, step: float | FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the weights in units of the step, and the step in the dtype of the weights."""
    cast = fit_to("step", step, weights)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        steps: FloatArray = weights / cast
    if not np.isfinite(steps).all():
        raise ValueError(
            f"step {np.min(step):g} is too small for weights up to {np.abs(weights).max():g} "
            f"in {weights.dtype}; pass a larger step or weights in float64."
        )
    return steps, cast
